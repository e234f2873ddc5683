import * as tf from '@tensorflow/tfjs-core';
import { kernelSets } from '../backend/implementations.js';
import { tinyNetworks } from '../model/tiny-networks.js';
import { drawBothWays, expectSame, smaller } from './both-ways.js';

const { instructionSet } = kernelSets[kernelSets.length - 1];

beforeAll(() => tf.setBackend(`native-${instructionSet}`));

describe(`for each of 20 seeds what is drawn is what the definition draws, on ${instructionSet}:`, () => {
  test.each(tinyNetworks.map(smaller))('%s', async (_, description) => {
    const drawn: string[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const both = await drawBothWays(description, { seed, samples: 1 });
      expectSame(both);
      drawn.push(both.drawn.levels.join());
    }
    expect(new Set(drawn).size).toBeGreaterThan(10);
  });
});
