import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Given } from '../conditioning/index.js';
import { frameBytes } from '../model/examples.js';
import { headOf } from '../model/heads/index.js';
import { imageFeatures, writeSubPixel } from '../model/image-input.js';
import { conditionOf, type Network } from '../model/network.js';
import { runGiven } from '../model/whole-image.js';
import { drawLevel, type DrawSettings } from './draw.js';
import { PixelByPixel } from './pixel-by-pixel.js';

/** How one image is drawn. */
export interface ImageDraw {
  /** Makes what is given; called in a tidy. */
  given: () => Given;
  /**
   * Levels of sub-pixels that are known, height x width x channels, -1 for those to draw; null: all are to draw. Known ones
   * are kept, and count nothing.
   */
  known: Int16Array | null;
  /** One number in (0, 1) for each sub-pixel. */
  uniform: (position: number, channel: number) => number;
  settings: DrawSettings;
  /** Told after each row, with the rows done. */
  onRow?: (rows: number) => void;
  signal?: AbortSignal | undefined;
}

/** An image as it was drawn. */
export interface DrawnImage {
  /** height x width x channels. */
  levels: Int16Array;
  /** -log P of the drawn sub-pixels under the network (at temperature 1, without top-p), in nats. */
  nats: number;
}

/** Draws images from one network, one after another, with the exact caches of `PixelByPixel`. */
export class ImageSampler {
  private readonly engine: PixelByPixel;
  private readonly probabilities: Float64Array;

  /**
   * @param weights arrays in the order of the network's parameters
   * @param tensors the same as tensors; the caller disposes of them
   */
  constructor(
    private readonly network: Network,
    weights: readonly Float32Array[],
    private readonly tensors: readonly Tensor[],
  ) {
    this.engine = new PixelByPixel(network.program, weights.slice(network.conditioningParameters));
    this.probabilities = new Float64Array(network.description.levels);
  }

  /**
   * Draws one image.
   *
   * @throws the signal's reason once it is aborted, looked at after each row
   */
  async draw({ given, known, uniform, settings, onRow, signal }: ImageDraw): Promise<DrawnImage> {
    const { description } = this.network;
    const { size, channels, levels, head } = description;
    const likelihood = headOf(head);
    const { engine, probabilities } = this;
    const anchors = await this.begin(given);
    const features = imageFeatures(description);
    const drawn = new Int16Array(frameBytes(description));
    let nats = 0;
    for (let y = 0, position = 0, subPixel = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++, position++) {
        for (let channel = 0; channel < channels; channel++, subPixel++) {
          const offset = engine.compute(y, x, channel);
          const anchor = anchors[subPixel];
          let level = known === null ? -1 : known[subPixel];
          if (level < 0) {
            likelihood.distribution(head, levels, engine.outputs, offset, anchor, probabilities);
            level = drawLevel(probabilities, levels, uniform(position, channel), settings);
            nats -= Math.log(probabilities[level]);
          }
          writeSubPixel(description, level, anchor, engine.image, subPixel * features);
          drawn[subPixel] = level;
        }
      }
      onRow?.(y + 1);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    return { levels: drawn, nats };
  }

  /** Computes what does not depend on the image; returns the anchors, height x width x channels, in levels. */
  private async begin(given: () => Given): Promise<Float32Array> {
    const { network, engine } = this;
    const { program, description, conditioningParameters } = network;
    const middle = () => new Float32Array(frameBytes(description)).fill((description.levels - 1) / 2);
    if (program.map === null) return middle();
    const { slots, anchor } = tf.tidy(() => {
      const condition = conditionOf(network, this.tensors, given())!;
      const values = runGiven(program, this.tensors.slice(conditioningParameters), condition.map);
      return {
        slots: Object.fromEntries(values),
        anchor: condition.anchor === undefined ? undefined : condition.anchor.clone(),
      };
    });
    const values = new Map<number, Float32Array>();
    for (const [id, tensor] of Object.entries(slots)) values.set(Number(id), (await tensor.data()) as Float32Array);
    const anchors = anchor === undefined ? middle() : ((await anchor.data()) as Float32Array);
    tf.dispose([...Object.values(slots), anchor]);
    engine.begin(values);
    return anchors;
  }
}
