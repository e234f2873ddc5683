import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { disposeExamples, type Examples } from '../conditioning/context/examples.js';
import { meanOverStrides } from '../conditioning/context/history.js';
import {
  hasLearnedAnchor,
  inputRequirements,
  type ConditioningOutputs,
  type ConditioningInputs,
} from '../conditioning/index.js';
import { errorFactory } from '../foundation/errors.js';
import { frameBytes, type Levels } from '../foundation/levels.js';
import { downsampleExamples, selectScaleParameters, unknownMask } from '../model/chain.js';
import { expectsFrame } from '../model/description.js';
import { assertModel, toTensors, type Model } from '../model/model.js';
import { anchorsByPixel, atImage, runConditioning, type Network } from '../model/network.js';
import { sampleIndices, type DrawOptions } from './draw.js';
import { ImageEngine, type EngineArrays, type EngineOptions } from './engine.js';

/** Drawn frame: levels, expected frames and nats. */
export interface DrawnLevels {
  /** Levels of the drawn frame, height x width x channels. */
  levels: Levels;
  /** Expected frame, as `FrameSampler.predict` returns it; null if the model predicts none. */
  expected: Levels | null;
  /** Expected frame given the drawn pixels of all coarser scales; `expected` if there is one scale. */
  refined: Levels | null;
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
    const { chain } = this.model;
    const batch = sampleIndices(options.samples).length;
    const sizes = chain.scales.map(({ description }) => frameBytes(description));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    let levels: Int16Array | null = null;
    let expected: Int16Array | null = null;
    let refined: Int16Array | null = null;
    const nats = new Float64Array(batch);
    let done = 0;
    try {
      for (const [scale, sampler] of this.scales.entries()) {
        const coarse: Int16Array | null = levels;
        const images = {
          scale,
          conditioningInputs: () => this.conditioningInputsAt(scale, examples, coarse),
          known: this.knownAt(scale, options.known, coarse, batch),
          longerStrides: this.longerStridesAt(scale, options.longerStrides),
        };
        const onRow = (fraction: number) => options.onRow?.(Math.min(1, (done + sizes[scale] * fraction) / all));
        const drawn = await sampler.draw(images, { ...options, onRow });
        ({ levels, expected: refined } = drawn);
        if (chain.steps[scale].context === 1) expected ??= refined;
        drawn.nats.forEach((value, image) => (nats[image] += value));
        done += sizes[scale];
      }
    } finally {
      disposeExamples(examples);
    }
    const expectedFrames = expected && imagesOf(expected, batch);
    const refinedFrames = refined && imagesOf(refined, batch);
    return imagesOf(levels!, batch).map((own, image) => {
      return {
        levels: own,
        expected: expectedFrames && expectedFrames[image],
        refined: refinedFrames && refinedFrames[image],
        nats: nats[image],
      };
    });
  }

  /**
   * Returns the expected frame of each example without drawing: that of the first scale whose expected frame has full
   * size. Each scale before reads the expected image of the coarser one. Disposes `examples`.
   * @param examples conditioning inputs; their images are not read
   * @param longerStrides predictions at longer strides, as in `DrawOptions`
   * @throws PxvError `USAGE` if the model predicts no expected frame
   * @internal
   */
  async predict(examples: Examples, longerStrides?: DrawOptions['longerStrides']): Promise<Levels[]> {
    const batch = examples.image.shape[0];
    try {
      assertExpectedFrame(this.model);
      let levels: Int16Array | null = null;
      for (const [scale, sampler] of this.scales.entries()) {
        const coarse: Int16Array | null = levels;
        const given = () => this.conditioningInputsAt(scale, examples, coarse);
        levels = await sampler.predict(given, this.longerStridesAt(scale, longerStrides));
        if (this.model.chain.steps[scale].context === 1) break;
      }
      return imagesOf(levels!, batch);
    } finally {
      disposeExamples(examples);
    }
  }

  /** Returns the conditioning inputs of a scale: those of `examples`, and the levels `coarse` of the coarser scale. */
  private conditioningInputsAt(scale: number, examples: Examples, coarse: Int16Array | null): ConditioningInputs {
    const { chain } = this.model;
    const { conditioningInputs } = downsampleExamples(chain, scale, examples);
    if (coarse === null) return conditioningInputs;
    const { description } = chain.scales[scale - 1];
    const { size, channels } = description;
    const batch = coarse.length / frameBytes(description);
    const coarser = tf.tensor4d(Float32Array.from(coarse), [batch, size.height, size.width, channels]);
    return { ...conditioningInputs, coarser };
  }

  /**
   * Returns the predictions at longer strides, subsampled to the size of a scale's expected frame; undefined if there
   * are none, or the coarser image tells of the motion already.
   */
  private longerStridesAt(scale: number, predictions: DrawOptions['longerStrides'] = []): DrawOptions['longerStrides'] {
    const { chain } = this.model;
    const { conditioning } = chain.scales[scale].description;
    const learned = conditioning.filter((one) => hasLearnedAnchor([one]));
    if (predictions.flat().length === 0 || inputRequirements(learned).coarser !== null) return undefined;
    if (chain.steps[scale].context === 1) return predictions;
    const finest = this.finestSubPixels(scale);
    return predictions.map((frames) => frames.map((frame) => Uint8Array.from(finest, (at) => frame[at])));
  }

  /** Returns the index in the finest image of each sub-pixel of a scale. */
  private finestSubPixels(scale: number): Int32Array {
    const { chain } = this.model;
    const { size, channels } = chain.scales[scale].description;
    const step = chain.steps[scale].image;
    return Int32Array.from({ length: size.height * size.width * channels }, (_, at) => {
      const pixel = Math.floor(at / channels);
      const channel = at % channels;
      const row = Math.floor(pixel / size.width);
      const column = pixel % size.width;
      return step * (row * chain.exampleShape.size.width + column) * channels + channel;
    });
  }

  /** Returns the levels of a scale that `known` or the coarser scale fixes, else -1; null if neither fixes any. */
  private knownAt(scale: number, known: DrawOptions['known'], coarse: Int16Array | null, batch: number) {
    const unknown = coarse === null ? null : unknownMask(this.model.chain.scales[scale].description);
    if (unknown === null && known === undefined) return null;
    const finest = this.finestSubPixels(scale);
    let next = 0;
    return Int16Array.from({ length: batch * finest.length }, (_, index) => {
      const at = index % finest.length;
      const drawn = unknown?.[at] === 0 ? coarse![next++] : -1;
      const level = known?.[finest[at]] ?? -1;
      return level >= 0 ? level : drawn;
    });
  }
}

/** Splits the levels of a batch into images. */
function imagesOf(levels: Int16Array, batch: number): Levels[] {
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

/** Batch of images to draw at one scale. */
export interface ImageBatch extends Pick<EngineArrays, 'scale' | 'outputs' | 'probabilities'> {
  /** Function that makes the batch's conditioning inputs; called in a tfjs tidy. */
  conditioningInputs: () => ConditioningInputs;
  /**
   * Known levels, [image, height, width, channel], which are kept and add nothing to the nats; -1 for those to draw.
   * Null: none is known.
   */
  known: Int16Array | null;
  /** Predictions at longer strides, as in `DrawOptions`, at this scale. */
  longerStrides?: DrawOptions['longerStrides'];
}

/** Drawn images of one scale. */
export interface DrawnImages {
  /** Levels, [image, height, width, channel]. */
  levels: Int16Array;
  /** -log P of each image's drawn sub-pixels under the network at temperature 1, in nats. */
  nats: Float64Array;
  /** Expected images, as `ImageSampler.predict` returns them; null if the network predicts none. */
  expected: Int16Array | null;
}

/** Outputs of a conditioning as arrays of the engine, and the expected images. */
type ConditionArrays = Pick<EngineArrays, 'map' | 'anchors' | 'references'> & Pick<DrawnImages, 'expected'>;

/** Sampler of images from one network, batch after batch. */
export class ImageSampler {
  private readonly engine: ImageEngine;

  /**
   * @param weights arrays in the order of the network's parameters
   * @param tensors the same weights as tensors; the caller disposes them
   */
  constructor(
    private readonly network: Network,
    weights: readonly Float32Array[],
    private readonly tensors: readonly Tensor[],
  ) {
    this.engine = new ImageEngine(network, weights);
  }

  /**
   * Draws a batch of images, one for each sample. Default of `earlierPixels`: true.
   * @throws PxvError as `ImageEngine.draw`
   */
  async draw(images: ImageBatch, options: EngineOptions & Pick<DrawOptions, 'earlierPixels'>): Promise<DrawnImages> {
    const { earlierPixels = true } = options;
    const length = sampleIndices(options.samples).length * frameBytes(this.network.description);
    const levels = images.known === null ? new Int16Array(length).fill(-1) : images.known.slice();
    const { expected, ...arrays } = readConditioning(this.network, this.tensors, images, earlierPixels);
    const nats = await this.engine.draw({ ...images, ...arrays, levels }, options);
    return { levels, nats, expected };
  }

  /**
   * Returns the expected images, [image, height, width, channel]: the mean of the conditioning's prediction and of
   * `longerStrides`, clipped and rounded to levels. Draws no pixel. The conditioning must have a learned anchor (see
   * `hasLearnedAnchor`).
   * @param given function that makes the conditioning inputs, as `ImageBatch.conditioningInputs`
   * @param longerStrides predictions at longer strides, as in `ImageBatch`
   */
  async predict(given: () => ConditioningInputs, longerStrides?: DrawOptions['longerStrides']): Promise<Int16Array> {
    const { network, tensors } = this;
    const anchor = tf.tidy(() => expectedOf(network, conditionFrom(network, tensors, given(), longerStrides)));
    const levels = await anchor.data<'float32'>();
    anchor.dispose();
    assertFiniteExpectation(levels);
    return Int16Array.from(levels);
  }
}

/** @throws PxvError `CHECKPOINT` if a level is NaN, as weights that overflow give */
function assertFiniteExpectation(levels: Float32Array): void {
  const at = levels.findIndex(Number.isNaN);
  if (at < 0) return;
  const remedy = 'use another model; the outputs of this one are not finite';
  throw errorFactory('CHECKPOINT', 'predict')('expected frame', 'finite levels', `NaN at sub-pixel ${at}`, remedy);
}

function expectedOf({ description }: Network, { anchors: [anchor] }: ConditioningOutputs): Tensor {
  return tf.round(tf.clipByValue(anchor, 0, description.levels - 1));
}

/** Returns the outputs of a conditioning, with the mean over all strides as the first anchor. */
function conditionFrom(
  network: Network,
  weights: readonly Tensor[],
  given: ConditioningInputs,
  longerStrides: DrawOptions['longerStrides'],
): ConditioningOutputs {
  const condition = runConditioning(network, weights, given)!;
  if (longerStrides === undefined) return condition;
  const [own, ...others] = condition.anchors;
  const image = own.size / longerStrides.length;
  const sums = new Float32Array(own.size);
  for (const [index, predictions] of longerStrides.entries())
    for (const levels of predictions) levels.forEach((level, at) => (sums[index * image + at] += level));
  const counts = longerStrides.map(({ length }) => 1 + length);
  const mean = meanOverStrides(
    [tf.tensor4d(sums, own.shape), own],
    [tf.tensor4d(counts, [counts.length, 1, 1, 1])],
    (sum, count) => tf.mul(sum, tf.div(1, count)),
  );
  return { ...condition, anchors: [mean, ...others] };
}

/**
 * Runs the conditioning of a network and returns its outputs as arrays, shaped as in `EngineArrays`, and the expected
 * images. References are the frames that earlier-pixels methods read. An output that the conditioning does not make is
 * null, as are all for an unconditional network.
 * @param weights tensors in the order of the network's parameters
 * @param images `conditioningInputs` makes the inputs; see `ImageBatch` for `longerStrides`
 * @param earlierPixels true to return the references; false: they are null
 */
export function readConditioning(
  network: Network,
  weights: readonly Tensor[],
  { conditioningInputs, longerStrides }: Pick<ImageBatch, 'conditioningInputs' | 'longerStrides'>,
  earlierPixels = true,
): ConditionArrays {
  const { program, description } = network;
  if (program.map === null) return { map: null, anchors: null, references: null, expected: null };
  const tensors = tf.tidy(() => {
    const condition = conditionFrom(network, weights, conditioningInputs(), longerStrides);
    const { anchors, references } = condition;
    const [map] = atImage(description, [condition.map]);
    const made: Partial<Record<keyof ConditionArrays, Tensor>> = { map };
    // A single anchor may be an input tensor, which is disposed elsewhere.
    const [batch, height, width] = map.shape;
    if (anchors.length > 0) made.anchors = anchorsByPixel(network, condition, batch * height * width).clone();
    if (earlierPixels && references.length > 0) made.references = tf.concat([...references], 3);
    if (hasLearnedAnchor(description.conditioning)) made.expected = expectedOf(network, condition);
    return made;
  });
  const read = (tensor?: Tensor) => (tensor === undefined ? null : Float32Array.from(tensor.dataSync()));
  const expected = tensors.expected && Int16Array.from(tensors.expected.dataSync());
  const arrays = { map: read(tensors.map), anchors: read(tensors.anchors), references: read(tensors.references) };
  tf.dispose(tensors);
  return { ...arrays, expected: expected ?? null };
}
