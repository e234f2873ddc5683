import { existsSync } from 'node:fs';
import { tf } from '../../foundation/tfjs.js';
import type { Images } from '../../../datasets/index.js';
import { listImagesBelow } from '../../../datasets/folder/folder.js';
import { openForEvaluation } from '../../../datasets/open-for-evaluation.js';
import { errorFactory } from '../../foundation/errors.js';
import type { Size } from '../../foundation/frame.js';
import { HistogramBaseline, uniformBitsPerDim } from '../../evaluation/baselines.js';
import { FileBaselines } from '../../evaluation/file-baselines.js';
import {
  IMAGE_SCORING_BATCH,
  scoreImages,
  summariseImages,
  type ImageSource,
  type ImageSummary,
} from '../../evaluation/image-likelihoods.js';
import { BITS_PER_NAT } from '../../evaluation/scoring.js';
import { publishedScores, type Published } from '../../evaluation/published.js';
import { assertImageModel, toTensors, type Model } from '../../model/model.js';
import { levelToByte, frameBytes, byteToLevel } from '../../foundation/levels.js';
import { singleProcess } from '../../distributed/process-group.js';
import { checkOutput, outputKind } from '../../video/index.js';
import { fitScoringBatch } from '../../memory/memory-limits.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';
import { scoreImagesFields } from './options.js';
import { spaceIndices } from './space-indices.js';
import { rankImages, readImage, writeExtremeImages, type RankedImage } from './extreme-images.js';

/** Options for `scoreImageSet`: images to score, and contact sheet to write. @interface */
export type ScoreImageSetOptions = OptionsOf<typeof scoreImagesFields>;

/** Result of `scoreImageSet`. */
export interface ImageSetScore extends ImageSummary {
  /** Evaluation protocol in sentences: images, unit and quantisation. */
  protocol: string[];
  /** Unit of `baselines` and `published`: nats per image if pixels are black or white, else bits/dim. */
  unit: 'bits/dim' | 'nats/image';
  /** Number of images scored. */
  images: number;
  /** Number of sub-pixels of an image. */
  dimensions: number;
  /** True if the figures are exact; false if they are upper bounds of nats or bits (see `Chain.exact`). */
  exact: boolean;
  /**
   * Baselines in `unit` on the same images: uniform distribution, histogram of each channel, and files in PNG and
   * lossless WebP.
   */
  baselines: Record<'uniform' | 'histogram' | 'png' | 'webp', number>;
  /** Published results; null if none are known, or if the model's levels differ from the data set's. */
  published: Published | null;
  /** Images with the highest bits/dim, at most 8, highest first. */
  worst: RankedImage[];
  /** Images with the lowest bits/dim, at most 8, lowest first. */
  best: RankedImage[];
}

/**
 * Scores a model on a split of a data set.
 * @param name name of a data set, or path of a folder of images, which are brought to the model's size and channels
 * @throws PxvError `USAGE` if an option is unknown or out of range, or the model needs context frames; `INPUT` if the
 *   data set's files cannot be read; `CHECKPOINT` if the model does not fit them; `OUTPUT` if the contact sheet cannot
 *   be written; `RESOURCES` if memory is short; the signal's reason if aborted
 */
export async function scoreImageSet(model: Model, name: string, asked: ScoreImageSetOptions): Promise<ImageSetScore> {
  const options = parseOptions('score images', scoreImagesFields, asked);
  const { split, data, limit, out, overwrite = false, onProgress, signal, processGroup = singleProcess } = options;
  assertImageModel(model, 'score images');
  // A data set that is given by name has no known input files.
  const inputsOf = (folder: string) => (existsSync(folder) ? listImagesBelow(folder) : []);
  const confirm = async (path: string) => checkOutput(path, { overwrite, inputs: await inputsOf(data ?? name) });
  if (out !== undefined) {
    if (outputKind(out) !== 'png')
      throw misused(out, 'a name that ends in .png', 'another ending', 'give one such as --out extremes.png');
    await confirm(out);
  }
  const { size, channels, levels } = model.chain.exampleShape;
  const batch = fitScoringBatch(model, IMAGE_SCORING_BATCH);
  const images = await openForEvaluation(name, split, {
    size,
    channels,
    data,
    signal,
    onProgress: (done, total) => onProgress?.({ what: 'decode', done, total }),
  });
  const weights = toTensors(model.weights, model.chain.parameters);
  try {
    checkFit(model, name, images);
    const source = atLevelsOf(model, images);
    const indices = spaceIndices(images.count, Math.min(limit ?? images.count, images.count));
    const total = indices.length;
    const nats = await scoreImages(model, weights, source, indices, {
      batch,
      onProgress: (done, bitsPerDim) => onProgress?.({ what: 'score', done, total, bitsPerDim }),
      signal,
      processGroup,
    });
    const dimensions = frameBytes(model.chain.exampleShape);
    const unit = levels === 2 ? 'nats/image' : 'bits/dim';
    const inUnit = (bits: number) => (unit === 'bits/dim' ? bits : (bits * dimensions) / BITS_PER_NAT);
    const baselines = await baselinesOf(model, source, indices, inUnit, options);
    const perDim = nats.images.map((value) => value * (BITS_PER_NAT / dimensions));
    const ranked = rankImages(perDim, indices, images.fileOf);
    if (out !== undefined && processGroup.isMainProcess) {
      const label = ({ bitsPerDim }: RankedImage) => inUnit(bitsPerDim).toFixed(2);
      await writeExtremeImages(out, model, weights, source, ranked, label, { confirm: () => confirm(out) });
    }
    return {
      ...summariseImages(nats, dimensions),
      protocol: protocolOf(model, images, total, unit),
      unit,
      images: total,
      dimensions,
      exact: model.chain.exact,
      baselines,
      published: images.levels === levels ? (publishedScores[name] ?? null) : null,
      ...ranked,
    };
  } finally {
    tf.dispose(weights);
    images.close();
  }
}

/** Returns the images quantised to the model's levels, which are shown as bytes. */
function atLevelsOf({ chain }: Model, images: Images): ImageSource {
  const { levels } = chain.exampleShape;
  if (levels === 256) return images;
  const shown = Uint8Array.from({ length: 256 }, (_, byte) => levelToByte(byteToLevel(byte, levels), levels));
  const bytes = frameBytes(chain.exampleShape);
  return {
    read(index, into) {
      images.read(index, into);
      for (let i = 0; i < bytes; i++) into[i] = shown[into[i]];
    },
  };
}

/** Batch size of images to encode. */
const IMAGES_PER_BATCH = 8;

/** Computes the baselines of the images. @param inUnit converts bits/dim to the unit of the result */
async function baselinesOf(
  model: Model,
  source: ImageSource,
  indices: Uint32Array,
  inUnit: (bitsPerDim: number) => number,
  { onProgress, signal }: ScoreImageSetOptions,
): Promise<ImageSetScore['baselines']> {
  const { channels, levels } = model.chain.exampleShape;
  const histogram = new HistogramBaseline(channels, levels);
  const files = new FileBaselines();
  for (let first = 0; first < indices.length; first += IMAGES_PER_BATCH) {
    signal?.throwIfAborted();
    const frames = Array.from(indices.subarray(first, first + IMAGES_PER_BATCH), (index) =>
      readImage(model, source, index),
    );
    for (const { data } of frames) histogram.add(data.map((byte) => byteToLevel(byte, levels)));
    await Promise.all(frames.map((frame) => files.add(frame)));
    onProgress?.({ what: 'encode', done: Math.min(first + IMAGES_PER_BATCH, indices.length), total: indices.length });
  }
  return {
    uniform: inUnit(uniformBitsPerDim(levels)),
    histogram: inUnit(histogram.bitsPerDim),
    png: inUnit(files.bitsPerDim('png')),
    webp: inUnit(files.bitsPerDim('webp')),
  };
}

function protocolOf({ chain }: Model, images: Images, scored: number, unit: ImageSetScore['unit']): string[] {
  const { levels, channels } = chain.exampleShape;
  const dimensions = frameBytes(chain.exampleShape);
  const kind = chain.exact ? '-log P' : 'an upper bound of -log P';
  const measure =
    unit === 'bits/dim'
      ? `bits/dim: ${kind} of an image, base 2, over its ${dimensions} sub-pixels`
      : `nats/image: ${kind} of an image of ${dimensions} ${channels === 1 ? 'pixels' : 'sub-pixels'}, base e`;
  const quantised = levels < images.levels ? [`levels: 256 brought to ${levels}, equal parts each`] : [];
  const limited = scored < images.count ? ', spread evenly over the split' : '';
  return [
    `images: ${images.origin}; ${scored} of ${images.count} scored${limited}`,
    `${measure}; mean over images, each sub-pixel given the true ones before it; +- the standard error over images`,
    ...quantised,
  ];
}

const misused = errorFactory('USAGE', 'score images');

function checkFit({ name, chain }: Model, set: string, images: Images): void {
  const shape = ({ width, height, channels }: Size & { channels: number }) =>
    `${width}x${height}, ${channels === 1 ? 'grey' : 'RGB'}`;
  const { size, channels } = chain.exampleShape;
  const expected = shape(images);
  const received = shape({ ...size, channels });
  if (expected === received) return;
  const unfit = errorFactory('CHECKPOINT', 'score images');
  throw unfit(name, `a model of ${expected}, as ${set} is`, `one of ${received}`, 'give another --model');
}
