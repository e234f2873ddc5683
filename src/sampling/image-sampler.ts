import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { learnsAnchor, type Condition, type Given } from '../conditioning/index.js';
import { joinedReferences } from '../model/earlier-pixels/index.js';
import type { Levels } from '../foundation/levels.js';
import { frameBytes } from '../model/examples.js';
import { meanOverStrides } from '../model/mean-over-strides.js';
import { anchorsByPixel, conditionOf, type Network } from '../model/network.js';
import { ImageEngine, type EngineDraw } from './engine.js';

export interface ImageDraw extends Pick<
  EngineDraw,
  'noise' | 'streams' | 'coded' | 'settings' | 'outputs' | 'probabilities' | 'onProgress' | 'signal'
> {
  /** Makes what is given, tensors of the whole batch; called in a tidy. */
  given: () => Given;
  /**
   * Levels of sub-pixels that are known, image after image of height x width x channels, -1 for those to draw; null: all
   * are to draw. Known ones are kept, and count nothing.
   */
  known: Int16Array | null;
  /** Whether anything is made of the pixels before each, by a network that does so; default: it is. */
  earlierPixels?: boolean;
  /** For each image what is expected of it at longer strides. The first anchor is the mean of these and its own. Default: that alone. */
  slower?: readonly (readonly Levels[])[] | null;
}

export interface DrawnImages {
  /** Image after image of height x width x channels. */
  levels: Int16Array;
  /** Of each image: -log P of the drawn sub-pixels under the network (at temperature 1), in nats. */
  nats: Float64Array;
  /** The images that were expected in their place, as `ImageSampler.expected` gives them; null for a network that learns none. */
  expected: Int16Array | null;
}

/** Arrays of a draw that do not depend on what is drawn. */
type ConditionArrays = Pick<EngineDraw, 'map' | 'anchors' | 'references'> & Pick<DrawnImages, 'expected'>;

/** Draws images from one network, batch after batch. */
export class ImageSampler {
  private readonly engine: ImageEngine;

  /**
   * @param weights arrays in the order of the network's parameters
   * @param tensors the same as tensors; the caller disposes of them
   */
  constructor(
    private readonly network: Network,
    weights: readonly Float32Array[],
    private readonly tensors: readonly Tensor[],
  ) {
    this.engine = new ImageEngine(network, weights);
  }

  /**
   * Draws a batch of images, one for each of `streams`.
   * @throws the signal's reason once it is aborted, looked at after each row
   */
  async draw(images: ImageDraw): Promise<DrawnImages> {
    const length = images.streams.length * frameBytes(this.network.description);
    const levels = images.known === null ? new Int16Array(length).fill(-1) : images.known.slice();
    const { expected, ...condition } = readCondition(this.network, this.tensors, images);
    const nats = await this.engine.draw({ ...images, ...condition, levels });
    return { levels, nats, expected };
  }

  /**
   * The expected images: the first anchor, rounded to levels.
   * @param given, slower as in `draw`
   * @returns image after image of height x width x channels
   */
  async expected(given: () => Given, slower: ImageDraw['slower'] = null): Promise<Int16Array> {
    const { network, tensors } = this;
    const anchor = tf.tidy(() => expectedOf(network, conditionFrom(network, tensors, given(), slower)));
    const levels = Int16Array.from(await anchor.data());
    anchor.dispose();
    return levels;
  }
}

function expectedOf({ description }: Network, { anchors: [anchor] }: Condition): Tensor {
  return tf.round(tf.clipByValue(anchor, 0, description.levels - 1));
}

/** The condition, with what is expected over all strides as its first anchor. */
function conditionFrom(
  network: Network,
  weights: readonly Tensor[],
  given: Given,
  slower: ImageDraw['slower'],
): Condition {
  const condition = conditionOf(network, weights, given)!;
  if (!slower) return condition;
  const [own, ...others] = condition.anchors;
  const image = own.size / slower.length;
  const sums = new Float32Array(own.size);
  for (const [index, expected] of slower.entries())
    for (const levels of expected) levels.forEach((level, at) => (sums[index * image + at] += level));
  const counts = slower.map(({ length }) => 1 + length);
  const mean = meanOverStrides(
    [tf.tensor4d(sums, own.shape), own],
    [tf.tensor4d(counts, [counts.length, 1, 1, 1])],
    (sum, count) => tf.mul(sum, tf.div(1, count)),
  );
  return { ...condition, anchors: [mean, ...others] };
}

/** Runs the conditioning of a network, and reads what it makes of what is given. */
export function readCondition(
  network: Network,
  weights: readonly Tensor[],
  { given, slower = null, earlierPixels = true }: Pick<ImageDraw, 'given' | 'slower' | 'earlierPixels'>,
): ConditionArrays {
  const { program, description } = network;
  if (program.map === null) return { map: null, anchors: null, references: null, expected: null };
  const tensors = tf.tidy(() => {
    const condition = conditionFrom(network, weights, given(), slower);
    const { map, anchors, references } = condition;
    const made: Partial<Record<keyof ConditionArrays, Tensor>> = { map };
    // A single anchor may be one of the tensors given.
    if (anchors.length > 0)
      made.anchors = anchorsByPixel(network, condition, anchors[0].size / description.channels).clone();
    if (earlierPixels && references.length > 0) made.references = joinedReferences(references);
    if (learnsAnchor(description.conditioning)) made.expected = expectedOf(network, condition);
    return made;
  });
  const read = (tensor?: Tensor) => (tensor === undefined ? null : Float32Array.from(tensor.dataSync()));
  const expected = tensors.expected && Int16Array.from(tensors.expected.dataSync());
  const arrays = { map: read(tensors.map), anchors: read(tensors.anchors), references: read(tensors.references) };
  tf.dispose(tensors);
  return { ...arrays, expected: expected ?? null };
}
