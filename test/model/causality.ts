import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { disposeExamples } from '../../src/model/examples.js';
import { conditionOf, networkOutput, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { randomExamples } from './tiny-networks.js';

/**
 * Changes each sub-pixel of a random image on its own and compares the outputs with those before: in raster order, and
 * R, G, B within a pixel, those of the same and of earlier sub-pixels must keep every bit, and some later one must change.
 *
 * @returns what is wrong, one line for each sub-pixel that breaks the rule
 */
export function causalityBreaks(network: Network, weights: readonly Float32Array[], seed: number): string[] {
  const { description } = network;
  const examples = randomExamples(description, 1, seed);
  const { image } = examples;
  const subPixels = image.size;
  const parameters = toTensors(weights, network.parameters);
  const outputs = tf.tidy(() => {
    const condition = conditionOf(network, parameters, examples.given);
    const rows = Array.from({ length: subPixels + 1 }, () => image.dataSync().slice());
    rows
      .slice(1)
      .forEach((row, changed) => (row[changed] = (row[changed] + description.levels / 2) % description.levels));
    const images = tf.tensor4d(Float32Array.from(rows.flatMap((row) => [...row])), [rows.length, ...size(image)]);
    const repeat = (x: Tensor4D) => tf.tile(x, [rows.length, 1, 1, 1]);
    const given = condition && {
      map: repeat(condition.map),
      ...(condition.anchor && { anchor: repeat(condition.anchor) }),
    };
    return networkOutput(network, parameters, images, given).dataSync();
  });
  tf.dispose(parameters);
  disposeExamples(examples);

  const perSubPixel = outputs.length / (subPixels + 1) / subPixels;
  const at = (changed: number, subPixel: number) => {
    const start = (changed * subPixels + subPixel) * perSubPixel;
    return Buffer.from(outputs.slice(start, start + perSubPixel).buffer);
  };
  const name = (subPixel: number) => {
    const [pixel, channel] = [Math.floor(subPixel / description.channels), subPixel % description.channels];
    return `(${Math.floor(pixel / description.size.width)}, ${pixel % description.size.width}) channel ${channel}`;
  };
  const breaks: string[] = [];
  for (let changed = 0; changed < subPixels; changed++) {
    const moved = Array.from({ length: subPixels }, (_, k) => k).filter((k) => !at(0, k).equals(at(changed + 1, k)));
    const early = moved.find((subPixel) => subPixel <= changed);
    if (early !== undefined) breaks.push(`${name(changed)} changes the output of ${name(early)}`);
    if (moved.length === 0 && changed < subPixels - 1) breaks.push(`${name(changed)} changes no output`);
  }
  return breaks;
}

function size({ shape: [, height, width, channels] }: Tensor4D): [number, number, number] {
  return [height, width, channels];
}
