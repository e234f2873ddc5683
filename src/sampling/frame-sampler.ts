import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { disposeExamples, type Examples } from '../conditioning/context/examples.js';
import type { ConditioningInputs } from '../conditioning/index.js';
import { errorFactory } from '../foundation/errors.js';
import { frameBytes, type Levels } from '../foundation/levels.js';
import { downsampleExamples, selectScaleParameters, unknownMask, type Chain } from '../model/chain.js';
import { expectsFrame } from '../model/description.js';
import { assertModel, toTensors, type Model } from '../model/model.js';
import { sampleIndices, type DrawOptions } from './draw.js';
import { ImageSampler, type DrawnImages } from './image-sampler.js';

/** Drawn frame: levels, expected frame and nats. */
export interface DrawnLevels {
  /** Levels of the drawn frame, height x width x channels. */
  levels: Levels;
  /** Expected frame, as `FrameSampler.predict` returns it; null if the model predicts none. */
  expected: Levels | null;
  /** -log P of the frame under the model at temperature 1, in nats, summed over scales. */
  nats: number;
}

/** Sampler of frames from a model: draws scale after scale, the coarsest first. */
export class FrameSampler {
  private readonly tensors: Tensor[];
  private readonly scales: ImageSampler[];

  /**
   * @param model the model to draw from
   * @throws PxvError `USAGE` if `model` is not a model, as `loadModel` returns it, or no backend was chosen
   */
  constructor(readonly model: Model) {
    assertModel(model, 'make a sampler');
    const { chain, weights } = model;
    this.tensors = toTensors(weights, chain.parameters);
    this.scales = chain.scales.map((network, scale) => {
      const arrays = selectScaleParameters(chain, scale, weights);
      return new ImageSampler(network, arrays, selectScaleParameters(chain, scale, this.tensors));
    });
  }

  /** Disposes the model's tensors. */
  dispose(): void {
    tf.dispose(this.tensors);
  }

  /**
   * Draws a batch of frames, one for each sample. Disposes `examples`.
   * @param examples conditioning inputs, one example for each sample; their images are not read
   * @throws PxvError `CHECKPOINT` if probabilities are not finite; the reason of `options.signal` if aborted
   * @internal
   */
  async draw(examples: Examples, options: DrawOptions): Promise<DrawnLevels[]> {
    const drawn: DrawnImages[] = [];
    try {
      for (const scale of this.scales.keys())
        drawn.push(await this.drawScale(scale, examples, drawn.at(-1)?.levels ?? null, options));
    } finally {
      disposeExamples(examples);
    }
    const finest = drawn[drawn.length - 1];
    const batch = finest.nats.length;
    const expected = finest.expected && splitImages(finest.expected, batch);
    return splitImages(finest.levels, batch).map((levels, image) => ({
      levels,
      expected: expected && expected[image],
      nats: drawn.reduce((sum, { nats }) => sum + nats[image], 0),
    }));
  }

  /**
   * Returns the expected frame of each example without drawing: that of the finest scale, which does not depend on
   * coarser images. Disposes `examples`.
   * @param examples conditioning inputs; their images are not read
   * @param longerStrides predictions at longer strides, as in `DrawOptions`
   * @throws PxvError `USAGE` if the model predicts no expected frame
   * @internal
   */
  async predict(examples: Examples, longerStrides?: DrawOptions['longerStrides']): Promise<Levels[]> {
    const { chain } = this.model;
    const finest = this.scales.length - 1;
    try {
      assertExpectedFrame(this.model);
      const given = () => downsampleExamples(chain, finest, examples).conditioningInputs;
      const levels = await this.scales[finest].predict(given, longerStridesAt(chain, finest, longerStrides));
      return splitImages(levels, examples.image.shape[0]);
    } finally {
      disposeExamples(examples);
    }
  }

  /** Draws the images of one scale. @param coarser levels drawn at the coarser scale; null at the coarsest */
  private drawScale(
    scale: number,
    examples: Examples,
    coarser: Int16Array | null,
    options: DrawOptions,
  ): Promise<DrawnImages> {
    const { chain } = this.model;
    const batch = sampleIndices(options.samples).length;
    const images = {
      scale,
      conditioningInputs: () => conditioningInputsAt(chain, scale, examples, coarser),
      known: knownAt(chain, scale, options.known, coarser, batch),
      longerStrides: longerStridesAt(chain, scale, options.longerStrides),
    };
    return this.scales[scale].draw(images, { ...options, onRow: progressAt(chain, scale, options.onRow) });
  }
}

/** Returns the conditioning inputs of a scale: those of `examples`, and the levels `coarser` of the coarser scale. */
function conditioningInputsAt(
  chain: Chain,
  scale: number,
  examples: Examples,
  coarser: Int16Array | null,
): ConditioningInputs {
  const { conditioningInputs } = downsampleExamples(chain, scale, examples);
  if (coarser === null) return conditioningInputs;
  const { description } = chain.scales[scale - 1];
  const { size, channels } = description;
  const batch = coarser.length / frameBytes(description);
  const image = tf.tensor4d(Float32Array.from(coarser), [batch, size.height, size.width, channels]);
  return { ...conditioningInputs, coarser: image };
}

/** Returns the levels of a scale that `known` or the coarser scale fixes, else -1; null if neither fixes any. */
function knownAt(
  chain: Chain,
  scale: number,
  known: DrawOptions['known'],
  coarser: Int16Array | null,
  batch: number,
): Int16Array | null {
  const unknown = coarser === null ? null : unknownMask(chain.scales[scale].description);
  if (unknown === null && known === undefined) return null;
  const finest = finestSubPixels(chain, scale);
  let next = 0;
  return Int16Array.from({ length: batch * finest.length }, (_, index) => {
    const at = index % finest.length;
    const drawn = unknown?.[at] === 0 ? coarser![next++] : -1;
    const level = known?.[finest[at]] ?? -1;
    return level >= 0 ? level : drawn;
  });
}

/** Returns the predictions at longer strides, subsampled to the size of a scale; undefined if there are none. */
function longerStridesAt(
  chain: Chain,
  scale: number,
  predictions: DrawOptions['longerStrides'] = [],
): DrawOptions['longerStrides'] {
  if (predictions.flat().length === 0) return undefined;
  if (chain.steps[scale] === 1) return predictions;
  const finest = finestSubPixels(chain, scale);
  return predictions.map((frames) => frames.map((frame) => Uint8Array.from(finest, (at) => frame[at])));
}

/** Returns the index in the finest image of each sub-pixel of a scale. */
function finestSubPixels(chain: Chain, scale: number): Int32Array {
  const { size, channels } = chain.scales[scale].description;
  const step = chain.steps[scale];
  return Int32Array.from({ length: size.height * size.width * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    const channel = at % channels;
    const row = Math.floor(pixel / size.width);
    const column = pixel % size.width;
    return step * (row * chain.exampleShape.size.width + column) * channels + channel;
  });
}

/** Returns a progress callback of one scale that reports progress over all scales. */
function progressAt({ scales }: Chain, scale: number, onRow: DrawOptions['onRow']) {
  const sizes = scales.map(({ description }) => frameBytes(description));
  const total = (some: readonly number[]) => some.reduce((sum, size) => sum + size, 0);
  const done = total(sizes.slice(0, scale));
  const all = total(sizes);
  return (fraction: number) => onRow?.(Math.min(1, (done + sizes[scale] * fraction) / all));
}

/** Splits the levels of a batch into images. */
function splitImages(levels: Int16Array, batch: number): Levels[] {
  const size = levels.length / batch;
  return Array.from({ length: batch }, (_, image) =>
    Uint8Array.from(levels.subarray(image * size, (image + 1) * size)),
  );
}

/** Throws if a model predicts no expected frame at some scale. @throws PxvError `USAGE` */
export function assertExpectedFrame(model: Model): void {
  if (expectsFrame(model)) return;
  const expected = 'a model that learns the expected frame';
  const remedy = 'draw samples, or train a model with pxv train';
  throw errorFactory('USAGE', 'predict the best guess')(model.name, expected, 'one that learns none', remedy);
}
