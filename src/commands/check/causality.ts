import { tf } from '../../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { frameBytes } from '../../foundation/levels.js';
import { yieldToEventLoop } from '../../foundation/yield-to-event-loop.js';
import { runConditioning, runNetwork, type Network } from '../../model/network.js';
import { makeExample, imagesPerBatch, randomClip, readValues } from './check-example.js';
import type { CheckedNetwork } from './finding.js';
import { formatSubPixel } from './sub-pixels.js';

/** Maximum number of images to try for a sub-pixel that changes no later output, since a ReLU may hide the change. */
const ATTEMPTS = 8;

/**
 * Checks causality: changes the chosen sub-pixels of a random image one at a time, and compares the outputs with the
 * outputs for the unchanged image. Sub-pixels are in raster order, and R, G, B within a pixel. A fault is an output of
 * the same or an earlier sub-pixel that changes in any bit. Another fault is that no output changes for any of 8 random
 * images, although the network reads the sub-pixel for a later output.
 * @param chosen indices of the sub-pixels to change
 * @returns one line for each fault; empty if there are none
 * @throws the signal's reason if `checked.signal` is aborted
 */
export async function findCausalityFaults(checked: CheckedNetwork, chosen: readonly number[]): Promise<string[]> {
  const { network, seed, onProgress, signal } = checked;
  const { description, program } = network;
  const name = (subPixel: number) => formatSubPixel(description, subPixel);
  const faults: string[] = [];
  let silent = chosen;
  for (let attempt = 0; attempt < ATTEMPTS && silent.length > 0; attempt++) {
    const unseen: number[] = [];
    const copies = Math.min(silent.length, imagesPerBatch(program));
    const clip = randomClip(description, seed, attempt);
    // A batch of unchanged images, so that compared images have the same position in the batch.
    const unchanged = await outputBits(checked, clip, copies, []);
    for (let first = 0; first < silent.length; first += copies) {
      const part = silent.slice(first, first + copies);
      const bits = await outputBits(checked, clip, copies, part);
      for (const [copy, subPixel] of part.entries()) {
        const [start, end] = [copy, copy + 1].map((image) => (image * bits.length) / copies);
        const differing = bits.subarray(start, end).findIndex((value, at) => value !== unchanged[start + at]);
        const output = outputAt(network, differing);
        if (differing >= 0 && output <= subPixel)
          faults.push(`${name(subPixel)} changes the output of ${name(output)}`);
        else if (differing < 0 && isRead(network, subPixel)) unseen.push(subPixel);
      }
      const done = first + part.length;
      if (attempt === 0)
        onProgress?.({ check: 'causality', size: description.size, done, total: silent.length, unit: 'sub-pixels' });
      await yieldToEventLoop();
      signal?.throwIfAborted();
    }
    silent = unseen;
  }
  return [...faults, ...silent.map((subPixel) => `${name(subPixel)} changes no output`)];
}

/**
 * Returns true if the network reads a sub-pixel for a later output. The last sub-pixel has no later output. A first
 * layer of 1x1 reads only earlier channels of a pixel, so that features of earlier pixels alone read the last channel.
 */
function isRead({ description, program }: Network, subPixel: number): boolean {
  const { first, channels } = description;
  const isLastChannel = subPixel % channels === channels - 1;
  if (isLastChannel && first.kernel === 1 && program.earlierFeatures === null) return false;
  return subPixel < frameBytes(description) - 1;
}

/**
 * Returns the outputs as bit patterns for `copies` copies of the image of a clip. Copy i is changed in sub-pixel
 * `changed[i]`, if given.
 */
async function outputBits(
  { network, parameters }: CheckedNetwork,
  clip: Uint8Array,
  copies: number,
  changed: readonly number[],
): Promise<Int32Array> {
  const { levels } = network.description;
  const values = await readValues(() => {
    const { image, conditioningInputs } = makeExample(network.description, clip);
    const repeat = (x: Tensor4D): Tensor4D => tf.tile(x, [copies, 1, 1, 1]);
    const images = repeat(image);
    const own = Float32Array.from(images.dataSync());
    for (const [copy, subPixel] of changed.entries()) {
      const at = copy * image.size + subPixel;
      own[at] = (own[at] + Math.floor(levels / 2)) % levels;
    }
    const condition = runConditioning(network, parameters, conditioningInputs);
    const repeated = condition && {
      map: repeat(condition.map),
      anchors: condition.anchors.map(repeat),
      references: condition.references.map(repeat),
    };
    return runNetwork(network, parameters, tf.tensor4d(own, images.shape), repeated);
  });
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

/** Returns the index of the sub-pixel that value `at` of the program's output belongs to. */
function outputAt({ program: { out } }: Network, at: number): number {
  let channel = 0;
  let before = at % out.features;
  while (before >= out.groups[channel]) before -= out.groups[channel++];
  return Math.floor(at / out.features) * out.groups.length + channel;
}
