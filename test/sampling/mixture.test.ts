import * as tf from '@tensorflow/tfjs-core';
import type { ConditioningDescription } from '../../src/conditioning/index.js';
import type { HeadDescription } from '../../src/model/heads/index.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { kernelSets } from '../backend/implementations.js';
import { tinyNetwork } from '../model/tiny-networks.js';
import { randomInts } from '../random.js';
import { drawBothWays, expectSame } from './both-ways.js';

const previousFrames: ConditioningDescription = { type: 'previous-frames', context: 2, features: 4 };
const warpedFrames: ConditioningDescription = { type: 'warped-frames', context: 2, features: 4, flows: 2 };

const size = { width: 3, height: 3 };

const withColours = (colours: 'apart' | 'together'): HeadDescription => ({
  type: 'logistic-mixture',
  components: 5,
  meanScale: 16,
  colours,
});

// The lowest temperature makes scales so small that e^(-1 / scale) is 0.
const cases = [
  { colours: 'apart', conditioning: [warpedFrames], temperatures: [1, 0.5] },
  { colours: 'together', conditioning: [], temperatures: [1, 0.5, 0.0001, 3] },
  { colours: 'together', conditioning: [previousFrames], temperatures: [1] },
  { colours: 'together', conditioning: [warpedFrames], temperatures: [1, 0.5] },
] as const;
const each = cases.flatMap(({ colours, conditioning, temperatures }) =>
  temperatures.map((temperature) => ({
    ...{ colours, conditioning: [...conditioning], temperature },
    given: conditioning.map(({ type }) => type).join() || 'nothing',
  })),
);

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('on %s', (instructionSet) => {
  beforeEach(() => tf.setBackend(`native-${instructionSet}`));

  test.each(each)(
    'RGB images from a mixture with colours $colours, given $given, at temperature $temperature are ' +
      'those that the definition draws, some sub-pixels known',
    async ({ colours, conditioning, temperature }) => {
      const description = tinyNetwork({ size, levels: 64, head: withColours(colours), conditioning });
      const levels = randomInts(2 * frameBytes(description), description.levels, 3);
      const known = Int16Array.from(levels, (level, at) => (at % 5 === 0 ? level : -1));
      const settings = { temperature };
      const { naive, drawn } = await drawBothWays(description, { seed: 4, samples: 2, known, settings });
      expectSame({ naive, drawn });
      expect(drawn.nats.every(Number.isFinite)).toBe(true);
    },
  );
});
