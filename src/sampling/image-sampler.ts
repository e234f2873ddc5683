import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Given } from '../conditioning/index.js';
import { frameBytes } from '../model/examples.js';
import { anchorsByPixel, conditionOf, type Network } from '../model/network.js';
import { joinedReferences } from '../model/template-input.js';
import type { EngineDraw, ImageEngine } from './engine.js';
import { makeEngine } from './make-engine.js';

/** How a batch of images is drawn. */
export interface ImageDraw extends Pick<
  EngineDraw,
  'noise' | 'streams' | 'settings' | 'outputs' | 'onProgress' | 'signal'
> {
  /** Makes what is given, tensors of the whole batch; called in a tidy. */
  given: () => Given;
  /**
   * Levels of sub-pixels that are known, image after image of height x width x channels, -1 for those to draw; null: all
   * are to draw. Known ones are kept, and count nothing.
   */
  known: Int16Array | null;
}

/** Images as they were drawn. */
export interface DrawnImages {
  /** Image after image of height x width x channels. */
  levels: Int16Array;
  /** Of each image: -log P of the drawn sub-pixels under the network (at temperature 1, without top-p), in nats. */
  nats: Float64Array;
}

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
    this.engine = makeEngine(network, weights);
  }

  /**
   * Draws a batch of images, one for each of `streams`.
   *
   * @throws the signal's reason once it is aborted, looked at after each row
   */
  async draw({ given, known, ...draw }: ImageDraw): Promise<DrawnImages> {
    const length = draw.streams.length * frameBytes(this.network.description);
    const levels = known === null ? new Int16Array(length).fill(-1) : known.slice();
    const nats = await this.engine.draw({ ...draw, ...(await this.conditionOf(given)), levels });
    return { levels, nats };
  }

  /**
   * The expected images: the first anchor, rounded to levels.
   *
   * @param given as in `draw`
   * @returns image after image of height x width x channels
   */
  async expected(given: () => Given): Promise<Int16Array> {
    const anchor = tf.tidy(() => {
      const { anchors } = conditionOf(this.network, this.tensors, given())!;
      return tf.round(tf.clipByValue(anchors[0], 0, this.network.description.levels - 1));
    });
    const levels = Int16Array.from(await anchor.data());
    anchor.dispose();
    return levels;
  }

  /** What does not depend on the image: the conditioning map, the anchors, and the pictures that it is looked for in. */
  private async conditionOf(given: () => Given): Promise<Pick<EngineDraw, 'map' | 'anchors' | 'references'>> {
    if (this.network.program.map === null) return { map: null, anchors: null, references: null };
    const tensors = tf.tidy(() => {
      const condition = conditionOf(this.network, this.tensors, given())!;
      const { map, anchors, references } = condition;
      if (anchors.length === 0) return [map];
      const pixels = anchors[0].size / this.network.description.channels;
      // A single anchor may be one of the tensors given.
      const byPixel = anchorsByPixel(this.network, condition, pixels).clone();
      return references.length === 0 ? [map, byPixel] : [map, byPixel, joinedReferences(references)];
    });
    const [map, anchors = null, references = null] = await Promise.all(
      tensors.map(async (tensor) => Float32Array.from(await tensor.data())),
    );
    tf.dispose(tensors);
    return { map, anchors, references };
  }
}
