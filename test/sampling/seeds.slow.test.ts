import * as tf from '@tensorflow/tfjs-core';
import { getHead } from '../../src/model/heads/index.js';
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
    // Without a likelihood means are drawn, whatever the seed.
    const { size } = new Set(drawn);
    if (getHead(description.head).isLikelihood) expect(size).toBeGreaterThan(10);
    else expect(size).toBe(1);
  });
});
