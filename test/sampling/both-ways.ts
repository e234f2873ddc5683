import * as tf from '@tensorflow/tfjs-core';
import type { NetworkDescription } from '../../src/model/description.js';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { buildNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import type { FrameSettings } from '../../src/model/sampling-settings.js';
import { ImageSampler, type DrawnImages, type ImageBatch } from '../../src/sampling/image-sampler.js';
import { randomExamples, randomWeights } from '../model/tiny-networks.js';
import { drawNaively } from './naive-sampler.js';

/** Of networks that are drawn by the definition: a pass over the whole image for every sub-pixel. */
export const size = { width: 3, height: 5 };

/** A named network at that size. */
export const smaller = ([name, description]: [string, NetworkDescription]): [string, NetworkDescription] => [
  name.replace('5x7', '3x5'),
  { ...description, size },
];

export const settings: FrameSettings = { temperature: 0.8 };

interface Batch {
  seed: number;
  samples: number;
  settings?: FrameSettings;
  known?: Int16Array | null;
}

/** Draws with the sampler and by the definition. */
export async function drawBothWays(description: NetworkDescription, { seed, samples, known = null, ...how }: Batch) {
  const network = buildNetwork(description);
  const weights = randomWeights(network, 1);
  const tensors = toTensors(weights, network.parameters);
  const examples = randomExamples(description, samples, 5);
  const images: ImageBatch = { scale: 2, conditioningInputs: () => examples.conditioningInputs, known };
  const options = { seed, samples, frame: 7, settings: how.settings ?? settings };
  const naive = drawNaively(network, weights, images, options, 11 % description.levels);
  const drawn = await new ImageSampler(network, weights, tensors).draw(images, options);
  tf.dispose(tensors);
  disposeExamples(examples);
  return { naive, drawn };
}

/** Every sub-pixel of every image, and every bit of the sums of nats. */
export function expectSame({
  naive,
  drawn,
}: {
  naive: Omit<DrawnImages, 'expected'>;
  drawn: Omit<DrawnImages, 'expected'>;
}): void {
  expect(drawn.levels.join()).toBe(naive.levels.join());
  expect(drawn.nats).toEqual(naive.nats);
}
