import * as tf from '@tensorflow/tfjs-core';
import type { NetworkDescription } from '../../src/model/description.js';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { buildNetwork, scoreNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import { TOLERANCES } from '../backend/tolerances.js';
import { referenceExample, referenceScore } from './reference-network.js';
import { referenceWeights } from './reference-planes.js';
import { randomExamples, randomWeights } from './tiny-networks.js';

/** As many roundings as the longest way from the image to the head has convolutions. */
const tolerance = 8 * TOLERANCES.convolution;

/** Of each description, in words, once for all backends. */
const references = new Map<string, number[]>();

/** Expects the nats of two random images, on the backend in use, to be those of the float64 reference. */
export function expectReferenceNats(description: NetworkDescription): void {
  const network = buildNetwork(description);
  const weights = randomWeights(network, 5);
  const examples = randomExamples(description, 2, 6);
  const parameters = toTensors(weights, network.parameters);
  const nats = scoreNetwork(network, parameters, examples).nats;
  const received = nats.dataSync();
  const words = JSON.stringify(description);
  const reference = referenceWeights(network.parameters, weights);
  const expected =
    references.get(words) ??
    [0, 1].flatMap((index) => [...referenceScore(description, reference, referenceExample(examples, index)).nats]);
  references.set(words, expected);
  expected.forEach((value, at) => {
    const error = Math.abs(received[at] - value) / Math.max(1, Math.abs(value));
    if (!(error <= tolerance)) throw new Error(`sub-pixel ${at}: expected ${value}, received ${received[at]}`);
  });
  expect(nats.shape).toEqual([2, examples.image.size / 2]);
  tf.dispose([nats, ...parameters]);
  disposeExamples(examples);
}
