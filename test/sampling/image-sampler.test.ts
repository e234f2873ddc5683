import * as tf from '@tensorflow/tfjs-core';
import { disposeExamples, frameBytes } from '../../src/model/examples.js';
import { buildNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import type { DrawSettings } from '../../src/sampling/draw.js';
import { ImageSampler, type DrawnImages, type ImageDraw } from '../../src/sampling/image-sampler.js';
import { Noise } from '../../src/sampling/noise.js';
import { lowResolutionImageOf, type NetworkDescription } from '../../src/model/description.js';
import { absentSets, kernelSets } from '../backend/implementations.js';
import { randomExamples, randomWeights, tinyNetwork, tinyNetworks } from '../model/tiny-networks.js';
import { randomInts } from '../random.js';
import { drawNaively } from './naive-sampler.js';

const size = { width: 3, height: 5 };
const smaller = ([name, description]: [string, NetworkDescription]): [string, NetworkDescription] => [
  name.replace('5x7', '3x5'),
  { ...description, size },
];

const settings: DrawSettings = { temperature: 0.8, topP: 0.9 };

interface Batch {
  seed: number;
  samples: number;
  settings?: DrawSettings;
  known?: Int16Array | null;
}

/** Draws with the sampler and by the definition. */
async function both(description: NetworkDescription, { seed, samples, known = null, ...how }: Batch) {
  const network = buildNetwork(description);
  const weights = randomWeights(network, 1);
  const tensors = toTensors(weights, network.parameters);
  const examples = randomExamples(description, samples, 5);
  const draw: ImageDraw = {
    given: () => examples.given,
    known,
    noise: new Noise(seed),
    streams: Array.from({ length: samples }, (_, sample) => ({ sample, frame: 7, scale: 2 })),
    settings: how.settings ?? settings,
  };
  const naive = drawNaively(network, weights, draw, 11 % description.levels);
  const drawn = await new ImageSampler(network, weights, tensors).draw(draw);
  tf.dispose(tensors);
  disposeExamples(examples);
  return { naive, drawn };
}

/** Every sub-pixel of every image, and every bit of the sums of nats. */
function expectSame({ naive, drawn }: { naive: DrawnImages; drawn: DrawnImages }): void {
  expect(drawn.levels.join()).toBe(naive.levels.join());
  expect(drawn.nats).toEqual(naive.nats);
}

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('on %s', (instructionSet) => {
  beforeEach(() => tf.setBackend(`native-${instructionSet}`));

  // Twenty where it is quick, few elsewhere.
  const samples = instructionSet === kernelSets.at(-1)!.instructionSet ? 20 : 3;
  describe(`${samples} drawn images are those that the definition draws, level for level:`, () => {
    test.each(tinyNetworks.map(smaller))('%s', async (_, description) => {
      expectSame(await both(description, { seed: 1, samples }));
    });
  });

  describe('known sub-pixels are kept, and the others are drawn from them:', () => {
    const networks = tinyNetworks.filter(([, network]) => lowResolutionImageOf(network) === null).map(smaller);
    test.each(networks)('%s', async (_, description) => {
      const levels = randomInts(2 * frameBytes(description), description.levels, 3);
      const known = Int16Array.from(levels, (level, at) => (at % 4 === 0 ? level : -1));
      const { naive, drawn } = await both(description, { seed: 2, samples: 2, known });
      expectSame({ naive, drawn });
      expect(drawn.levels.filter((_, at) => at % 4 === 0)).toEqual(known.filter((_, at) => at % 4 === 0));
      expect(drawn.levels.every((level) => level >= 0)).toBe(true);
    });
  });

  test.each([
    { temperature: 1, topP: 1 },
    { temperature: 0, topP: 1 },
    { temperature: 1.7, topP: 1 },
    { temperature: 1, topP: 0.5 },
    { temperature: 0.01, topP: 0.999 },
  ])('draws as the definition does at temperature $temperature, top-p $topP', async (how) => {
    const description = tinyNetwork({ size });
    expectSame(await both(description, { seed: 7, samples: 4, settings: how }));
  });

  test('refuses weights that give no probabilities', async () => {
    const network = buildNetwork(tinyNetwork({ size, conditioning: [] }));
    const weights = randomWeights(network, 1).map((values) => values.fill(NaN));
    const draw = new ImageSampler(network, weights, []).draw({
      given: () => ({}),
      known: null,
      noise: new Noise(1),
      streams: [{ sample: 0, frame: 0, scale: 0 }],
      settings,
    });
    await expect(draw).rejects.toMatchObject({ code: 'CHECKPOINT' });
  });
});

test.skip.each(absentSets)('on %s (not on this machine)', () => {});

test('the comparison fails where one level or the last bit of a sum is another', async () => {
  await tf.setBackend('native-typescript');
  const { naive, drawn } = await both(tinyNetwork({ size }), { seed: 1, samples: 2 });
  const other = { levels: drawn.levels.slice(), nats: drawn.nats };
  other.levels[17]++;
  expect(() => expectSame({ naive, drawn: other })).toThrow();
  const nats = drawn.nats.slice();
  new BigInt64Array(nats.buffer)[1]++;
  expect(() => expectSame({ naive, drawn: { levels: drawn.levels, nats } })).toThrow();
});
