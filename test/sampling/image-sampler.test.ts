import * as tf from '@tensorflow/tfjs-core';
import { disposeExamples, frameBytes } from '../../src/model/examples.js';
import { buildNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { ImageSampler, type ImageDraw } from '../../src/sampling/image-sampler.js';
import { Noise } from '../../src/sampling/noise.js';
import { lowResolutionImageOf, type NetworkDescription } from '../../src/model/description.js';
import '../backend/implementations.js';
import { randomExamples, randomWeights, tinyNetworks } from '../model/tiny-networks.js';
import { randomInts } from '../random.js';
import { drawNaively } from './naive-sampler.js';

beforeEach(() => tf.setBackend('native-typescript'));

const size = { width: 3, height: 5 };
const smaller = ([name, description]: [string, NetworkDescription]): [string, NetworkDescription] => [
  name.replace('5x7', '3x5'),
  { ...description, size },
];

/** Draws with the sampler and by the definition. */
async function both(description: NetworkDescription, known: Int16Array | null, seed: number) {
  const network = buildNetwork(description);
  const weights = randomWeights(network, 1);
  const tensors = toTensors(weights, network.parameters);
  const examples = randomExamples(description, 1, 5);
  const noise = new Noise(seed);
  const draw: ImageDraw = {
    given: () => examples.given,
    known,
    uniform: (position, channel) => noise.uniform(1, 7, position, channel),
    settings: { temperature: 0.8, topP: 0.9 },
  };
  const naive = drawNaively(network, weights, draw, 11 % description.levels);
  const drawn = await new ImageSampler(network, weights, tensors).draw(draw);
  tf.dispose(tensors);
  disposeExamples(examples);
  return { naive, drawn };
}

describe('a drawn image is the one that the definition draws, level for level:', () => {
  test.each(tinyNetworks.map(smaller))('%s', async (_, description) => {
    for (const seed of [1, 2]) {
      const { naive, drawn } = await both(description, null, seed);
      expect(drawn).toEqual(naive);
    }
  });
});

describe('known sub-pixels are kept, and the others are drawn from them:', () => {
  const networks = tinyNetworks.filter(([, network]) => lowResolutionImageOf(network) === null).map(smaller);
  test.each(networks)('%s', async (_, description) => {
    const levels = randomInts(frameBytes(description), description.levels, 3);
    const known = Int16Array.from(levels, (level, at) => (at % 4 === 0 ? level : -1));
    const { naive, drawn } = await both(description, known, 1);
    expect(drawn).toEqual(naive);
    expect(drawn.levels.filter((_, at) => at % 4 === 0)).toEqual(known.filter((_, at) => at % 4 === 0));
    expect(drawn.levels.every((level) => level >= 0)).toBe(true);
  });
});
