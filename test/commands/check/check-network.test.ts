import * as tf from '@tensorflow/tfjs-core';
import { checkNetwork } from '../../../src/commands/check/check-network.js';
import type { Finding } from '../../../src/commands/check/finding.js';
import { buildNetwork, type Network } from '../../../src/model/network.js';
import { kernelSets } from '../../backend/implementations.js';
import { randomWeights, softmax, tinyNetwork } from '../../model/tiny-networks.js';
import {
  chainedNetworks,
  checkedNetwork,
  checkedNetworks,
  lookedForNetworks,
  movingNetworks,
  withFalseClaim,
  withFutureTap,
  withGatesInThirds,
  withoutShift,
} from './checked-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const check = (network: Network, weights = randomWeights(network, 5)): Promise<Finding[]> =>
  checkNetwork(network, weights, { seed: 1 });

describe('every check passes on', () => {
  test.each([...checkedNetworks, ...chainedNetworks, ...movingNetworks, ...lookedForNetworks])(
    '%s',
    async (_, network) => {
      const before = tf.memory().numTensors;
      const findings = await check(network);
      expect(findings.map(({ check, result }) => `${check}: ${result}`)).toEqual([
        'causality: passed',
        'likelihood: passed',
        'probabilities: passed',
      ]);
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});

test('a scale of one pixel, which is that of the scale before, has nothing to draw, and passes', async () => {
  const given = { type: 'low-resolution-image', factor: 2, features: 4, shared: 'known' } as const;
  const size = { width: 1, height: 1 };
  const network = buildNetwork(tinyNetwork({ size, channels: 1, head: softmax, levels: 16, conditioning: [given] }));
  const findings = await check(network);
  expect(findings.filter(({ result, found }) => result === 'failed' || found.includes('NaN'))).toEqual([]);
  expect(findings.map(({ check }) => check)).toContain('likelihood');
});

/** Weights of a broken network: none is zero because a mask was laid over it. */
function unmaskedWeights(network: Network): Float32Array[] {
  return randomWeights(network, 5).map((values) => values.map((value, at) => (value === 0 ? (at % 7) / 20 : value)));
}

describe('the checks that fail are those of what is wrong:', () => {
  const failed = async (network: Network) =>
    (await check(network, unmaskedWeights(network)))
      .filter(({ result }) => result === 'failed')
      .map(({ check }) => check);

  test('with a future tap, causality, and the sampler has not seen what the score has', async () => {
    const network = withFutureTap(checkedNetwork('pixel-cnn-block', 1, false));
    expect(await failed(network)).toEqual(['causality', 'likelihood']);
  });

  test('without the shift of the walk from the right, causality and likelihood', async () => {
    const network = withoutShift(checkedNetwork('diagonal-bilstm', 3, false));
    expect(await failed(network)).toEqual(['causality', 'likelihood']);
    expect(await failed(withFalseClaim(checkedNetwork('diagonal-bilstm', 1, false)))).toEqual([
      'causality',
      'likelihood',
    ]);
  });

  test('with gates cut in thirds, causality and likelihood', async () => {
    const network = withGatesInThirds(checkedNetwork('row-lstm', 3, true), 'layers.0.input');
    expect(await failed(network)).toEqual(['causality', 'likelihood']);
  });
});

test('behind a first layer of 1x1 the last colour of a pixel reaches no output, which is no fault', async () => {
  const description = tinyNetwork({ first: { kernel: 1, features: 6 }, conditioning: [] });
  const [causality] = await check(buildNetwork(description));
  expect(causality).toMatchObject({ check: 'causality', result: 'passed' });
});
