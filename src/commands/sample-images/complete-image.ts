import { errorFactory } from '../../foundation/errors.js';
import { BITS_PER_NAT } from '../../evaluation/scoring.js';
import type { Frame } from '../../foundation/frame.js';
import { assertImageModel, frameOf, type Model } from '../../model/model.js';
import { examplesOfFirst } from '../../conditioning/context/examples.js';
import { levelToByte, levelsToBytes, frameBytes, byteToLevel } from '../../foundation/levels.js';
import { MODEL_DISTRIBUTION, checkTemperature } from '../../model/sampling-settings.js';
import { FrameSampler } from '../../sampling/frame-sampler.js';
import { checkOutput, drawContactSheet, outputKind, writePng, readImage } from '../../video/index.js';
import { assertDrawingMemory } from '../../memory/memory-limits.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';
import { completeImageFields } from './options.js';

/** Options for `completeImage`: rows to draw, sampling and output. @interface */
export type CompleteImageOptions = OptionsOf<typeof completeImageFields>;

/** Result of `completeImage`. */
export interface CompletedImage {
  /** True if the samples come from the model's exact distribution given the kept rows (see `completeImage`). */
  exact: boolean;
  /** Number of sub-pixels drawn for each sample. */
  dimensions: number;
  /** Mean -log2 P of the drawn sub-pixels in bits/dim, under the model at temperature 1. */
  bitsPerDim: number;
  /** Completed images, one for each sample. */
  images: Frame[];
}

/**
 * Keeps the rows of an image above `fromRow`, draws the other rows, and writes a contact sheet (1601.06759, figure 9).
 * With one scale, samples come from the model's exact distribution given the kept rows.
 *
 * A chain of scales draws its coarse image first. Coarse pixels in the kept rows are kept at every scale, so that the
 * scales agree on shared pixels. The other coarse pixels are drawn given the kept coarse pixels alone. Conditioning on
 * the finer kept pixels would take their likelihood under every possible coarse image. Each finer scale is exact given
 * the coarser scale and all its kept pixels.
 * @throws PxvError `USAGE` if an option is wrong or the model is a video model; `INPUT` if the image cannot be read;
 *   `OUTPUT` if the output cannot be written; `RESOURCES` if memory is short; `CHECKPOINT` if probabilities are not
 *   finite; the signal's reason if aborted
 */
export async function completeImage(model: Model, path: string, asked: CompleteImageOptions): Promise<CompletedImage> {
  const options = parseOptions('complete image', completeImageFields, asked);
  assertImageModel(model, 'complete image', SEE_HELP);
  const { out, overwrite = false, samples, settings = MODEL_DISTRIBUTION, seed, scale } = options;
  const { fit, onProgress, signal } = options;
  checkTemperature(settings.temperature);
  const { size, channels, levels } = model.chain.exampleShape;
  const { fromRow = Math.floor(size.height / 2) } = options;
  if (fromRow >= size.height)
    throw misused('--from-row', `a row from 0 to ${size.height - 1}`, String(fromRow), SEE_HELP);
  if (outputKind(out) !== 'png') throw misused(out, 'a name that ends in .png', 'another ending', SEE_HELP);
  const confirm = () => checkOutput(out, { overwrite, inputs: [path] });
  await confirm();
  assertDrawingMemory(model, {
    operation: 'complete image',
    samples,
    option: '--samples',
    // The contact sheet shows the image twice beside the samples.
    heldBytes: (count, frame) => (count + 2) * frame * (1 + scale ** 2),
  });
  const { data } = await readImage(path, { size, channels, fit });
  const shown = data.map((byte) => levelToByte(byteToLevel(byte, levels), levels));
  const kept = fromRow * size.width * channels;
  const known = Int16Array.from(data, (byte, at) => (at < kept ? byteToLevel(byte, levels) : -1));

  const sampler = new FrameSampler(model);
  try {
    const draw = { seed, samples, frame: 0, known, settings, onRow: onProgress, signal };
    const drawn = await sampler.draw(examplesOfFirst(model.chain.exampleShape, samples), draw);
    const images = drawn.map((image) => frameOf(model, levelsToBytes(model.chain.exampleShape, image.levels)));
    const occluded = shown.map((byte, at) => (at < kept ? byte : 128));
    const sheet = await drawContactSheet([frameOf(model, shown), frameOf(model, occluded), ...images], {
      scale,
      labels: ['image', 'kept', ...images.map((_, sample) => String(sample + 1))],
    });
    await writePng(out, sheet, { confirm });
    const dimensions = frameBytes(model.chain.exampleShape) - kept;
    const nats = drawn.reduce((sum, each) => sum + each.nats, 0);
    const bitsPerDim = (nats / samples / dimensions) * BITS_PER_NAT;
    // Samples are exact with one scale, or if no row is kept and the chain is exact.
    const exact = model.chain.scales.length === 1 || (kept === 0 && model.chain.exact);
    return { exact, dimensions, bitsPerDim, images };
  } finally {
    sampler.dispose();
  }
}

const misused = errorFactory('USAGE', 'complete image');
const SEE_HELP = 'see pxv complete --help';
