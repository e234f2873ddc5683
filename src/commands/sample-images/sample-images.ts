import { extname } from 'node:path';
import type { Frame } from '../../foundation/frame.js';
import { errorFactory } from '../../foundation/errors.js';
import { assertImageModel, frameOf, type Model } from '../../model/model.js';
import { examplesOfFirst } from '../../conditioning/context/examples.js';
import { levelsToBytes, frameBytes } from '../../foundation/levels.js';
import { MODEL_DISTRIBUTION, checkTemperature } from '../../model/sampling-settings.js';
import { FrameSampler } from '../../sampling/frame-sampler.js';
import { checkOutput, outputKind, writeClip } from '../../video/index.js';
import { assertDrawingMemory } from '../../memory/memory-limits.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';
import { sampleImagesFields } from './options.js';

/** Options for `sampleImages`: number of images, sampling and output. @interface */
export type SampleImagesOptions = OptionsOf<typeof sampleImagesFields>;

/** Result of `sampleImages`. */
export interface SampledImages {
  /** Number of images drawn and written. */
  images: number;
  /** Mean -log2 P of the drawn images in bits/dim, under the model at temperature 1. */
  bitsPerDim: number;
  /** True if `bitsPerDim` is exact; false if it is an upper bound (see `Chain.exact`). */
  exact: boolean;
}

/** Batch size: large enough to amortise reading the weights, small enough that some images finish early. */
const BATCH = 16;

/**
 * Draws images from an unconditional model, and writes them. Image i depends only on the seed and on i. With
 * `keepFinished`, an abort writes the finished images, if there are any.
 * @throws PxvError `USAGE` if an option is wrong, the model needs context frames or `out` is a video; `OUTPUT` if the
 *   output cannot be written; `RESOURCES` if memory is short; `CHECKPOINT` if probabilities are not finite; the
 *   signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, loadModel, sampleImages } from 'pxv';
 *
 * await chooseBackend();
 * await sampleImages(loadModel('cifar'), { out: 'images.png', count: 2, seed: 7 });
 * ```
 */
export async function sampleImages(model: Model, asked: SampleImagesOptions): Promise<SampledImages> {
  const options = parseOptions('sample', sampleImagesFields, asked);
  assertImageModel(model, 'sample', 'use: pxv predict');
  const { out, overwrite = false, count, settings = MODEL_DISTRIBUTION, seed, scale } = options;
  const { onProgress, onDrawn, signal, keepFinished = false } = options;
  const { chain } = model;
  checkTemperature(settings.temperature);
  const kind = outputKind(out);
  if (kind !== 'png' && kind !== 'folder') {
    const expected = 'a name that ends in .png, or a folder';
    const received = `a name that ends in ${extname(out)}`;
    throw errorFactory('USAGE', 'sample')(out, expected, received, 'choose another output');
  }
  const confirm = () => checkOutput(out, { overwrite });
  await confirm();
  assertDrawingMemory(model, {
    operation: 'sample',
    batchOf: (images) => Math.min(BATCH, images),
    samples: count,
    option: '--count',
    heldBytes: (images, frame) => images * frame * (1 + (kind === 'png' ? scale ** 2 : 0)),
  });
  const sampler = new FrameSampler(model);
  const frames: Frame[] = [];
  let nats = 0;
  try {
    while (frames.length < count) {
      const samples = Array.from({ length: Math.min(BATCH, count - frames.length) }, (_, i) => frames.length + i);
      const examples = examplesOfFirst(chain.exampleShape, samples.length);
      const onRow = (share: number) => onProgress?.(frames.length + share * samples.length);
      const drawn = await sampler.draw(examples, { seed, samples, frame: 0, settings, onRow, signal });
      for (const image of drawn) {
        frames.push(frameOf(model, levelsToBytes(chain.exampleShape, image.levels)));
        nats += image.nats;
      }
      onDrawn?.();
    }
  } catch (error) {
    if (!keepFinished || !signal?.aborted || frames.length === 0) throw error;
  } finally {
    sampler.dispose();
  }
  await writeClip(out, frames, { frameRate: { numerator: 1, denominator: 1 }, scale, confirm });
  const bitsPerDim = nats / Math.LN2 / frames.length / frameBytes(chain.exampleShape);
  return { images: frames.length, bitsPerDim, exact: chain.exact };
}
