import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Model } from '../../src/model/checkpoint.js';
import { byteOf, disposeExamples, type Examples } from '../../src/model/examples.js';
import { headOf } from '../../src/model/heads/index.js';
import { conditionOf, networkOutput } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { drawLevel } from '../../src/sampling/draw.js';
import type { DrawnFrame, FrameDraw } from '../../src/sampling/frame-sampler.js';

/**
 * Draws one frame by the definition: for each sub-pixel the whole network runs over the whole image, whose later
 * sub-pixels are `rubbish`.
 */
export function drawNaively(
  { network, weights }: Model,
  examples: Examples,
  { noise, sample, frame, settings }: FrameDraw,
  rubbish: number,
): DrawnFrame {
  const { size, channels, levels, head } = network.description;
  const parameters = toTensors(weights, network.parameters);
  const probabilities = new Float64Array(levels);
  const image = new Float32Array(size.height * size.width * channels).fill(rubbish);
  const isConditional = network.description.conditioning !== null;
  const condition = isConditional ? tf.tidy(() => conditionOf(network, parameters, examples.given)!) : null;
  const anchors = condition?.anchor.dataSync() ?? new Float32Array(image.length).fill((levels - 1) / 2);
  let nats = 0;
  for (let subPixel = 0; subPixel < image.length; subPixel++) {
    const outputs = tf.tidy(() => {
      const known: Tensor4D = tf.tensor4d(image.slice(), [1, size.height, size.width, channels]);
      return networkOutput(network, parameters, known, condition).dataSync() as Float32Array;
    });
    const offset = (outputs.length / image.length) * subPixel;
    headOf(head).distribution(head, levels, outputs, offset, anchors[subPixel], probabilities);
    const [position, channel] = [Math.floor(subPixel / channels), subPixel % channels];
    const level = drawLevel(probabilities, levels, noise.uniform(sample, frame, position, channel), settings);
    nats -= Math.log(probabilities[level]);
    image[subPixel] = level;
  }
  tf.dispose([...parameters, ...(condition ? [condition.map] : [])]);
  disposeExamples(examples);
  return { bytes: Uint8Array.from(image, (level) => byteOf(level, levels)), nats };
}
