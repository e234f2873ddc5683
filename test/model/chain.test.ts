import * as tf from '@tensorflow/tfjs-core';
import type { PxvError } from '../../src/foundation/errors.js';
import { buildChain, downsampleExamples, unknownMask, type Chain } from '../../src/model/chain.js';
import { modelSchema, type NetworkDescription } from '../../src/model/description.js';
import { ExampleBuffer } from '../../src/conditioning/context/examples.js';
import { parseConfiguration } from '../../src/foundation/parse-configuration.js';
import { describeModel } from '../../src/model/presets.js';
import { toTensors } from '../../src/model/model.js';
import { computeGradients } from '../../src/optimization/gradients.js';
import { chainNats } from './chain-nats.js';
import { kernelSets } from '../backend/implementations.js';
import {
  mixture,
  randomFrames,
  randomModel,
  randomWeights,
  softmax,
  tinyChain,
  tinyNetwork,
  warpedFrames,
} from './tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

/** Sum of the probabilities of all binary images of 3x2 pixels under a chain of two scales, of 2x1 and 3x2. */
function totalProbability(shared: 'known' | 'predicted'): { total: number; exact: boolean } {
  const binary: Partial<NetworkDescription> = { channels: 1, levels: 2, head: softmax };
  const { chain, weights } = randomModel([
    tinyNetwork({ ...binary, size: { width: 2, height: 1 }, conditioning: [] }),
    tinyNetwork({
      ...binary,
      size: { width: 3, height: 2 },
      conditioning: [{ type: 'low-resolution-image', factor: 2, features: 4, shared }],
    }),
  ]);
  const buffer = new ExampleBuffer(chain.exampleShape, 64);
  for (let image = 0; image < 64; image++)
    buffer.add(
      Uint8Array.from({ length: 6 }, (_, pixel) => 255 * ((image >> pixel) & 1)),
      1,
      false,
    );
  const parameters = toTensors(weights, chain.parameters);
  const nats = tf.tidy(() => [...tf.sum(chainNats(chain, parameters, buffer.tensors()), 1).dataSync()]);
  return { total: nats.reduce((sum, value) => sum + Math.exp(-value), 0), exact: chain.exact };
}

test('with known shared pixels the probabilities of all images, products over scales, sum to one', () => {
  const { total, exact } = totalProbability('known');
  expect(total).toBeCloseTo(1, 5);
  expect(exact).toBe(true);
});

test('with predicted shared pixels they sum to less: the sum over scales is a bound', () => {
  const { total, exact } = totalProbability('predicted');
  expect(total).toBeLessThan(0.9);
  expect(exact).toBe(false);
});

test('a scale sees every so many pixels of the finest, of odd sizes as well, and is given the scale before', () => {
  const coarse = { width: 2, height: 1 };
  const middle = { width: 3, height: 2 };
  const fine = { width: 5, height: 4 };
  const given = (size: typeof fine): NetworkDescription =>
    tinyNetwork({
      size,
      channels: 1,
      conditioning: [{ type: 'low-resolution-image', factor: 2, features: 4, shared: 'known' }],
    });
  const chain = buildChain({
    version: 1,
    scales: [tinyNetwork({ size: coarse, channels: 1, conditioning: [] }), given(middle), given(fine)],
  });
  const buffer = new ExampleBuffer(chain.exampleShape, 1);
  buffer.add(
    Uint8Array.from({ length: 20 }, (_, at) => at),
    1,
    false,
  );
  const examples = buffer.tensors();
  const values = (scale: number) => {
    const { image, conditioningInputs } = downsampleExamples(chain, scale, examples);
    return {
      image: [...image.dataSync()],
      small: conditioningInputs.coarser && [...conditioningInputs.coarser.dataSync()],
    };
  };
  expect(values(0)).toEqual({ image: [0, 4], small: undefined });
  expect(values(1)).toEqual({ image: [0, 2, 4, 10, 12, 14], small: [0, 4] });
  expect(values(2)).toMatchObject({ small: [0, 2, 4, 10, 12, 14] });

  expect([...unknownMask(chain.scales[2].description)!]).toEqual([
    0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1,
  ]);
});

test('a scale of a shorter context is given the last frames of the longest', () => {
  const chain = buildChain({
    version: 1,
    scales: tinyChain().map((network, scale) => ({
      ...network,
      conditioning: network.conditioning.map((given) =>
        given.type === 'previous-frames' ? { ...given, context: scale + 1 } : given,
      ),
    })),
  });
  const buffer = new ExampleBuffer(chain.exampleShape, 1);
  const frames = randomFrames(chain.exampleShape, 2, 1);
  buffer.add(frames, 2, false);
  const examples = buffer.tensors();
  const { context } = downsampleExamples(chain, 0, examples).conditioningInputs;
  expect(context!.frames).toHaveLength(1);
  expect(context!.frames[0].dataSync()[0]).toBe(frames[0]);
  expect(context!.valid.shape).toEqual([1, 4, 3, 1]);
  expect([...context!.valid.dataSync()]).toEqual(new Array<number>(12).fill(1));
});

function twoExamples(chain: Chain) {
  const buffer = new ExampleBuffer(chain.exampleShape, 2);
  for (const seed of [1, 2]) buffer.add(randomFrames(chain.exampleShape, 3, seed), 3, false);
  return buffer.tensors();
}

test('the gradients of scales trained together are those of each trained apart', () => {
  const { chain } = randomModel(tinyChain());
  const weights = toTensors(randomWeights(chain, 3), chain.parameters);
  const examples = twoExamples(chain);
  const values = (trains: 'all' | number) => {
    const { gradients, trained, nats } = computeGradients(chain, weights, examples, { trains });
    return { trained, nats: nats.dataSync()[0], gradients: gradients.map((tensor) => [...tensor.dataSync()]) };
  };
  const together = values('all');
  const coarse = values(0);
  const fine = values(1);
  expect(together.trained).toEqual(weights.map((_, index) => index));
  expect([...coarse.trained, ...fine.trained]).toEqual(together.trained);
  expect([...coarse.gradients, ...fine.gradients]).toEqual(together.gradients);
  expect(coarse.nats + fine.nats).toBeCloseTo(together.nats, 5);
});

test('where the decoder learns alone, its gradients are those of a training of all', () => {
  const { chain } = randomModel(tinyChain({ head: mixture, conditioning: [warpedFrames] }));
  const weights = toTensors(randomWeights(chain, 3), chain.parameters);
  const examples = twoExamples(chain);
  const [all, kept] = (['all', 'decoder'] as const).map((trains) => {
    const { gradients, trained, nats } = computeGradients(chain, weights, examples, { trains });
    return { trained, nats: nats.dataSync()[0], gradients: gradients.map((tensor) => [...tensor.dataSync()]) };
  });
  const named = (index: number) => chain.parameters[index].name;
  expect(kept.trained).toEqual(all.trained.filter((index) => !/warped-frames|low-resolution/.test(named(index))));
  expect(kept.trained.length).toBeLessThan(all.trained.length);
  expect(kept.gradients).toEqual(kept.trained.map((index) => all.gradients[index]));
  expect(kept.nats).toBe(all.nats);
});

describe('a chain is refused', () => {
  const settings = {
    size: { width: 9, height: 6 },
    channels: 3,
    levels: 256,
    hidden: 6,
    layers: 1,
    head: 'softmax',
    context: 0,
    factors: [2, 2],
  } as const;
  const refusal = (change: (scales: NetworkDescription[]) => unknown) => {
    const { scales } = describeModel('pixel-cnn', settings);
    const source = { operation: 'train', argument: 'config.json', code: 'USAGE' } as const;
    try {
      parseConfiguration(modelSchema, { version: 1, scales: change(scales) }, source);
    } catch (error) {
      return (error as PxvError).message;
    }
    return 'accepted';
  };

  test('never as a preset describes it', () => {
    expect(refusal((scales) => scales)).toBe('accepted');
  });

  test.each([
    {
      name: 'whose first scale is given a smaller image',
      change: (scales: NetworkDescription[]) => scales.slice(1),
      message: 'low-resolution-image at the first scale, which has none before it',
    },
    {
      name: 'with a scale that is not given the one before',
      change: ([coarse, middle, fine]: NetworkDescription[]) => [coarse, { ...middle, conditioning: [] }, fine],
      message: 'a scale after the first needs a conditioning on the scale before',
    },
    {
      name: 'whose sizes do not follow from each other',
      change: ([coarse, , fine]: NetworkDescription[]) => [coarse, fine],
      message: 'the scale before must be 5x3: 9x6 divided by 2',
    },
    {
      name: 'of different levels',
      change: ([coarse, middle, fine]: NetworkDescription[]) => [coarse, { ...middle, levels: 4 }, fine],
      message: 'other channels or levels than the scale before',
    },
  ])('$name', ({ change, message }) => {
    expect(refusal(change)).toContain(`(${message})`);
  });
});
