import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { headOf } from '../../src/model/heads/index.js';
import { conditionOf, networkOutput, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { drawLevel } from '../../src/sampling/draw.js';
import type { DrawnImage, ImageDraw } from '../../src/sampling/image-sampler.js';

/**
 * Draws one image by the definition: for each sub-pixel the whole network runs over the whole image, whose later
 * sub-pixels are `rubbish`.
 */
export function drawNaively(
  network: Network,
  weights: readonly Float32Array[],
  { given, known, uniform, settings }: ImageDraw,
  rubbish: number,
): DrawnImage {
  const { size, channels, levels, head } = network.description;
  const parameters = toTensors(weights, network.parameters);
  const probabilities = new Float64Array(levels);
  const image = new Float32Array(size.height * size.width * channels).fill(rubbish);
  let nats = 0;
  for (let subPixel = 0; subPixel < image.length; subPixel++) {
    const [outputs, anchors] = tf.tidy(() => {
      const condition = conditionOf(network, parameters, given());
      const before: Tensor4D = tf.tensor4d(image.slice(), [1, size.height, size.width, channels]);
      const output = networkOutput(network, parameters, before, condition);
      return [output, condition?.anchor].map((tensor) => tensor?.dataSync() as Float32Array | undefined);
    });
    const offset = (outputs!.length / image.length) * subPixel;
    const anchor = anchors === undefined ? (levels - 1) / 2 : anchors[subPixel];
    const [position, channel] = [Math.floor(subPixel / channels), subPixel % channels];
    if (known !== null && known[subPixel] >= 0) {
      image[subPixel] = known[subPixel];
      continue;
    }
    headOf(head).distribution(head, levels, outputs!, offset, anchor, probabilities);
    const level = drawLevel(probabilities, levels, uniform(position, channel), settings);
    nats -= Math.log(probabilities[level]);
    image[subPixel] = level;
  }
  tf.dispose(parameters);
  return { levels: Int16Array.from(image), nats };
}
