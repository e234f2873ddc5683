import * as tf from '@tensorflow/tfjs-core';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { buildNetwork, runConditioning, runNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import { ImageSampler } from '../../src/sampling/image-sampler.js';
import { inputRequirements } from '../../src/conditioning/index.js';
import { libraryOf } from '../../src/backend/kernel-library.js';
import { kernelSets } from '../backend/implementations.js';
import {
  framedNetworks,
  otherSizes,
  randomExamples,
  randomWeights,
  sizeName,
  tinyNetwork,
  tinyNetworks,
} from '../model/tiny-networks.js';
import { thinOut } from '../extent.js';
import { randomInts } from '../random.js';
import { drawBothWays, expectSame, settings, size, smaller } from './both-ways.js';

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('on %s', (instructionSet) => {
  beforeEach(() => tf.setBackend(`native-${instructionSet}`));

  // Twenty where it is quick, few elsewhere.
  const samples = instructionSet === kernelSets.at(-1)!.instructionSet ? 20 : 3;
  describe(`${samples} drawn images are those that the definition draws, level for level:`, () => {
    test.each(thinOut(tinyNetworks).map(smaller))('%s', async (_, description) => {
      expectSame(await drawBothWays(description, { seed: 1, samples }));
    });
  });

  describe('known sub-pixels are kept, and the others are drawn from them:', () => {
    const networks = tinyNetworks
      .filter(([, network]) => inputRequirements(network.conditioning).coarser === null)
      .map(smaller);
    test.each(networks)('%s', async (_, description) => {
      const levels = randomInts(2 * frameBytes(description), description.levels, 3);
      const known = Int16Array.from(levels, (level, at) => (at % 4 === 0 ? level : -1));
      const { naive, drawn } = await drawBothWays(description, { seed: 2, samples: 2, known });
      expectSame({ naive, drawn });
      expect(drawn.levels.filter((_, at) => at % 4 === 0)).toEqual(known.filter((_, at) => at % 4 === 0));
      expect(drawn.levels.every((level) => level >= 0)).toBe(true);
    });
  });

  describe('outputs sub-pixel by sub-pixel are those of the whole image, bit for bit:', () => {
    test.each(thinOut([...tinyNetworks, ...framedNetworks]))('%s', async (_, description) => {
      const network = buildNetwork(description);
      const weights = randomWeights(network, 2);
      const tensors = toTensors(weights, network.parameters);
      const examples = randomExamples(description, 2, 5);
      const whole = tf.tidy(() => {
        const condition = runConditioning(network, tensors, examples.conditioningInputs);
        return Float32Array.from(runNetwork(network, tensors, examples.image, condition).dataSync());
      });
      const outputs = new Float32Array(whole.length).fill(NaN);
      await new ImageSampler(network, weights, tensors).draw(
        {
          scale: 0,
          conditioningInputs: () => examples.conditioningInputs,
          known: Int16Array.from(examples.image.dataSync()),
          outputs,
        },
        { seed: 1, samples: 2, frame: 0, settings },
      );
      tf.dispose(tensors);
      disposeExamples(examples);
      expect(Buffer.from(outputs.buffer)).toEqual(Buffer.from(whole.buffer));
    });
  });

  test('five images that are looked for in frames are drawn the same with 1, 2 and 3 threads', async () => {
    const [, description] = framedNetworks.find(([name]) => name.endsWith('looked for in two of them'))!;
    const library = libraryOf(instructionSet);
    const threads = library.threads();
    for (const count of [1, 2, 3]) {
      library.setThreads(count);
      const drawn = await drawBothWays(description, { seed: 4, samples: 5 });
      library.setThreads(threads);
      expectSame(drawn);
    }
  });

  describe('of what is looked for in frames, known sub-pixels are kept, and the others are drawn from them:', () => {
    test.each(framedNetworks.filter(([name]) => /looked for in (the|two)/.test(name)))('%s', async (_, description) => {
      const levels = randomInts(2 * frameBytes(description), description.levels, 3);
      const known = Int16Array.from(levels, (level, at) => (at % 4 === 0 ? level : -1));
      expectSame(await drawBothWays(description, { seed: 2, samples: 2, known }));
    });
  });

  test.each([{ temperature: 1 }, { temperature: 0 }, { temperature: 1.7 }, { temperature: 0.01 }])(
    'draws as the definition does at temperature $temperature',
    async (how) => {
      const description = tinyNetwork({ size });
      expectSame(await drawBothWays(description, { seed: 7, samples: 4, settings: how }));
    },
  );

  test('refuses weights that give no probabilities', async () => {
    const network = buildNetwork(tinyNetwork({ size, conditioning: [] }));
    const weights = randomWeights(network, 1).map((values) => values.fill(NaN));
    const draw = new ImageSampler(network, weights, []).draw(
      { scale: 0, conditioningInputs: () => ({}), known: null },
      { seed: 1, samples: 1, frame: 0, settings },
    );
    await expect(draw).rejects.toMatchObject({ code: 'CHECKPOINT' });
  });
});

// One set for each of the two hosts of the engine.
describe.each([...new Set([kernelSets[0], kernelSets.at(-1)!])].map(({ instructionSet }) => instructionSet))(
  'on %s',
  (instructionSet) => {
    beforeEach(() => tf.setBackend(`native-${instructionSet}`));

    describe.each(otherSizes.map(sizeName))('at %s drawn images are those that the definition draws:', (at) => {
      const other = otherSizes.find((size) => sizeName(size) === at)!;
      test.each(thinOut([...tinyNetworks, ...framedNetworks]))(
        'a network that was described as %s',
        async (_, description) => {
          expectSame(await drawBothWays({ ...description, size: other }, { seed: 3, samples: 2 }));
        },
      );
    });
  },
);

test('the comparison fails where one level or the last bit of a sum is another', async () => {
  await tf.setBackend('native-wasm');
  const { naive, drawn } = await drawBothWays(tinyNetwork({ size }), { seed: 1, samples: 2 });
  const other = { levels: drawn.levels.slice(), nats: drawn.nats };
  other.levels[17]++;
  expect(() => expectSame({ naive, drawn: other })).toThrow();
  const nats = drawn.nats.slice();
  new BigInt64Array(nats.buffer)[1]++;
  expect(() => expectSame({ naive, drawn: { levels: drawn.levels, nats } })).toThrow();
});
