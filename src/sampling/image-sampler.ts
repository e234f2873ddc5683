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

/** What of a draw does not depend on the image. */
type Beforehand = Pick<EngineDraw, 'map' | 'anchors' | 'references'> & Pick<DrawnImages, 'expected'>;

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
    const { expected, ...condition } = await this.beforehand(images);
    const nats = await this.engine.draw({ ...images, ...condition, levels });
    return { levels, nats, expected };
  }

  /**
   * The expected images: the first anchor, rounded to levels.
   * @param given, slower as in `draw`
   * @returns image after image of height x width x channels
   */
  async expected(given: () => Given, slower: ImageDraw['slower'] = null): Promise<Int16Array> {
    const anchor = tf.tidy(() => this.expectedOf(this.conditionFrom(given(), slower)));
    const levels = Int16Array.from(await anchor.data());
    anchor.dispose();
    return levels;
  }

  private expectedOf({ anchors: [anchor] }: Condition): Tensor {
    return tf.round(tf.clipByValue(anchor, 0, this.network.description.levels - 1));
  }

  /** The condition, with what is expected over all strides as its first anchor. */
  private conditionFrom(given: Given, slower: ImageDraw['slower']): Condition {
    const condition = conditionOf(this.network, this.tensors, given)!;
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

  private async beforehand({ given, slower = null, earlierPixels = true }: ImageDraw): Promise<Beforehand> {
    const { program, description } = this.network;
    if (program.map === null) return { map: null, anchors: null, references: null, expected: null };
    const tensors = tf.tidy(() => {
      const condition = this.conditionFrom(given(), slower);
      const { map, anchors, references } = condition;
      const made: Partial<Record<keyof Beforehand, Tensor>> = { map };
      // A single anchor may be one of the tensors given.
      if (anchors.length > 0)
        made.anchors = anchorsByPixel(this.network, condition, anchors[0].size / description.channels).clone();
      if (earlierPixels && references.length > 0) made.references = joinedReferences(references);
      if (learnsAnchor(description.conditioning)) made.expected = this.expectedOf(condition);
      return made;
    });
    const [map, anchors, references, expected] = await Promise.all(
      [tensors.map, tensors.anchors, tensors.references, tensors.expected].map(async (tensor) =>
        tensor === undefined ? null : Float32Array.from(await tensor.data()),
      ),
    );
    tf.dispose(tensors);
    return { map, anchors, references, expected: expected && Int16Array.from(expected) };
  }
}
