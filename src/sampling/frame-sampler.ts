import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Model } from '../model/checkpoint.js';
import { byteOf, disposeExamples, type Examples } from '../model/examples.js';
import { headOf } from '../model/heads/index.js';
import { imageFeatures, writeSubPixel } from '../model/image-input.js';
import { conditionOf } from '../model/network.js';
import { toTensors } from '../model/weights.js';
import { runGiven } from '../model/whole-image.js';
import { drawLevel, type DrawSettings } from './draw.js';
import type { Noise } from './noise.js';
import { PixelByPixel } from './pixel-by-pixel.js';

/** Which frame of which sample is drawn, from what noise and how. */
export interface FrameDraw {
  noise: Noise;
  /** Counts futures that are drawn side by side. */
  sample: number;
  /** Index of the frame in its clip. */
  frame: number;
  settings: DrawSettings;
  /** Told after each row, with the rows done. */
  onRow?: (rows: number) => void;
  signal?: AbortSignal | undefined;
}

/** A frame as it was drawn. */
export interface DrawnFrame {
  /** height x width x channels, 0 to 255. */
  bytes: Uint8Array;
  /** -log P of the frame under the model (at temperature 1, without top-p), in nats. */
  nats: number;
}

/** Draws frames from a model, one after another, with the exact caches of `PixelByPixel`. */
export class FrameSampler {
  private readonly engine: PixelByPixel;
  private readonly weights: Tensor[];
  private readonly probabilities: Float64Array;

  constructor(private readonly model: Model) {
    const { network, weights } = model;
    this.engine = new PixelByPixel(network.program, weights.slice(network.conditioningParameters));
    this.weights = toTensors(weights, network.parameters);
    this.probabilities = new Float64Array(network.description.levels);
  }

  /** Frees the model's tensors. */
  dispose(): void {
    tf.dispose(this.weights);
  }

  /**
   * Draws one frame.
   *
   * @param examples one example with what is given; its image is not read; its tensors are disposed of
   * @throws the signal's reason once it is aborted, looked at after each row
   */
  async draw(examples: Examples, { noise, sample, frame, settings, onRow, signal }: FrameDraw): Promise<DrawnFrame> {
    const { description } = this.model.network;
    const { size, channels, levels, head } = description;
    const likelihood = headOf(head);
    const { engine, probabilities } = this;
    const anchors = await this.begin(examples);
    const features = imageFeatures(description);
    const bytes = new Uint8Array(size.height * size.width * channels);
    let nats = 0;
    for (let y = 0, position = 0, subPixel = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++, position++) {
        for (let channel = 0; channel < channels; channel++, subPixel++) {
          const offset = engine.compute(y, x, channel);
          const anchor = anchors[subPixel];
          likelihood.distribution(head, levels, engine.outputs, offset, anchor, probabilities);
          const level = drawLevel(probabilities, levels, noise.uniform(sample, frame, position, channel), settings);
          nats -= Math.log(probabilities[level]);
          writeSubPixel(description, level, anchor, engine.image, subPixel * features);
          bytes[subPixel] = byteOf(level, levels);
        }
      }
      onRow?.(y + 1);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    return { bytes, nats };
  }

  /** Computes what does not depend on the image; returns the anchors, height x width x channels, in levels. */
  private async begin(examples: Examples): Promise<Float32Array> {
    const { network } = this.model;
    const { program, description, conditioningParameters } = network;
    if (description.conditioning === null) {
      disposeExamples(examples);
      return new Float32Array(examples.image.size).fill((description.levels - 1) / 2);
    }
    const condition = tf.tidy(() => conditionOf(network, this.weights, examples.given)!);
    const slots = tf.tidy(() =>
      Object.fromEntries(runGiven(program, this.weights.slice(conditioningParameters), condition.map)),
    );
    const given = new Map<number, Float32Array>();
    for (const [id, tensor] of Object.entries(slots)) given.set(Number(id), (await tensor.data()) as Float32Array);
    const anchors = (await condition.anchor.data()) as Float32Array;
    tf.dispose([condition.map, ...Object.values(slots)]);
    // Only now: the anchor may be one of the tensors given.
    disposeExamples(examples);
    this.engine.begin(given);
    return anchors;
  }
}
