import type { Tensor } from '@tensorflow/tfjs-core';
import { bitsPerPixelOfImage, type ImageSource } from '../../evaluation/image-likelihoods.js';
import type { Frame } from '../../foundation/frame.js';
import type { Model } from '../../model/model.js';
import { frameBytes } from '../../foundation/levels.js';
import type { PlacementOptions } from '../../foundation/placement-options.js';
import { drawContactSheet, drawHeatMap, inColour, writePng } from '../../video/index.js';

/** Image with its likelihood in bits/dim. @inline */
export interface RankedImage {
  /** Index in the split. */
  index: number;
  /** Path of the image's file; null if files hold several images. */
  file: string | null;
  bitsPerDim: number;
}

/** Maximum number of worst images, and of best images. */
const SHOWN = 8;

/**
 * Returns the 8 images with the highest bits/dim, highest first, and the 8 with the lowest, lowest first. Of 8 images
 * or fewer, each list has all.
 * @param bitsPerDim bits/dim of each image, in the order of `indices`
 * @param indices positions of the images in the split
 * @param fileOf returns the path of an image's file; default: `file` is null
 */
export function rankImages(
  bitsPerDim: ArrayLike<number>,
  indices: Uint32Array,
  fileOf?: (index: number) => string,
): { worst: RankedImage[]; best: RankedImage[] } {
  const ranked = Array.from(indices, (index, i) => {
    return { index, file: fileOf?.(index) ?? null, bitsPerDim: bitsPerDim[i] };
  });
  ranked.sort((a, b) => b.bitsPerDim - a.bitsPerDim || a.index - b.index);
  return { worst: ranked.slice(0, SHOWN), best: ranked.slice(-SHOWN).reverse() };
}

/**
 * Writes a contact sheet of images with heat maps of their bits per pixel. The rows are the worst images with labels,
 * their heat maps, then the best images and theirs. All heat maps share one scale: black is 0, white the maximum over
 * all images. The maximum is written below the first heat map.
 * @param source images of the split, by index
 * @param label returns the text below an image
 * @param placing how the contact sheet is written to `path`
 * @throws PxvError `OUTPUT` if the contact sheet cannot be written
 */
export async function writeExtremeImages(
  path: string,
  model: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  { worst, best }: { worst: readonly RankedImage[]; best: readonly RankedImage[] },
  label: (image: RankedImage) => string,
  placing: PlacementOptions,
): Promise<void> {
  const { size } = model.chain.exampleShape;
  const bits = new Map<RankedImage, Float64Array>();
  for (const image of [...worst, ...best])
    bits.set(image, await bitsPerPixelOfImage(model, weights, source, image.index));
  const most = Math.max(...[...bits.values()].map((values) => values.reduce((a, b) => Math.max(a, b))));
  const frames = [worst, best].flatMap((images) => [
    ...images.map(({ index }) => inColour(readImage(model, source, index))),
    ...images.map((image) => drawHeatMap(bits.get(image)!, size, most)),
  ]);
  const labels = [worst, best].flatMap((images) => [...images.map(label), ...images.map(() => '')]);
  labels[worst.length] = `0-${most.toFixed(1)} bit`;
  // Labels need about 40 screen pixels.
  const scale = Math.max(1, Math.ceil(96 / size.width));
  await writePng(path, await drawContactSheet(frames, { columns: worst.length, scale, labels }), placing);
}

/** Returns the image with an index as a frame of the model's size. */
export function readImage({ chain }: Model, source: ImageSource, index: number): Frame {
  const { size, channels } = chain.exampleShape;
  const data = new Uint8Array(frameBytes(chain.exampleShape));
  source.read(index, data);
  return { ...size, channels, data };
}
