import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { meanOverStrides } from '../conditioning/context/history.js';
import { hasLearnedAnchor, type ConditioningInputs, type ConditioningOutputs } from '../conditioning/index.js';
import { errorFactory } from '../foundation/errors.js';
import { frameBytes } from '../foundation/levels.js';
import { anchorsByPixel, runConditioning, type Network } from '../model/network.js';
import { sampleIndices, type DrawOptions } from './draw.js';
import { ImageEngine, type EngineArrays, type EngineOptions } from './engine.js';

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
    const { map, anchors, references } = condition;
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
