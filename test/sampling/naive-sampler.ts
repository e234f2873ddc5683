import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { log } from '../../src/backend/elementary.js';
import { frameBytes } from '../../src/model/examples.js';
import { headOf } from '../../src/model/heads/index.js';
import { conditionOf, networkOutput, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { drawLevel } from '../../src/sampling/draw.js';
import type { DrawnImages, ImageDraw } from '../../src/sampling/image-sampler.js';

/**
 * Draws a batch of images by the definition: for each sub-pixel the whole network runs over the whole images, whose later
 * sub-pixels are `rubbish`.
 */
export function drawNaively(
  network: Network,
  weights: readonly Float32Array[],
  { given, known, noise, streams, settings }: ImageDraw,
  rubbish: number,
): DrawnImages {
  const { size, channels, levels, head } = network.description;
  const parameters = toTensors(weights, network.parameters);
  const probabilities = new Float64Array(levels);
  const batch = streams.length;
  const dimensions = frameBytes(network.description);
  const images = new Float32Array(batch * dimensions).fill(rubbish);
  const nats = new Float64Array(batch);
  for (let subPixel = 0; subPixel < dimensions; subPixel++) {
    const [outputs, anchors] = tf.tidy(() => {
      const condition = conditionOf(network, parameters, given());
      const before: Tensor4D = tf.tensor4d(images.slice(), [batch, size.height, size.width, channels]);
      const output = networkOutput(network, parameters, before, condition);
      return [output, condition?.anchor].map((tensor) => tensor?.dataSync() as Float32Array | undefined);
    });
    const [position, channel] = [Math.floor(subPixel / channels), subPixel % channels];
    for (const [image, { sample, frame, scale }] of streams.entries()) {
      const at = image * dimensions + subPixel;
      if (known !== null && known[at] >= 0) {
        images[at] = known[at];
        continue;
      }
      const offset = (outputs!.length / images.length) * at;
      const anchor = anchors === undefined ? (levels - 1) / 2 : anchors[at];
      headOf(head).distribution(head, levels, outputs!, offset, anchor, probabilities);
      const level = drawLevel(probabilities, levels, noise.uniform(sample, frame, position, channel, scale), settings);
      nats[image] -= log(probabilities[level]);
      images[at] = level;
    }
  }
  tf.dispose(parameters);
  return { levels: Int16Array.from(images), nats };
}
