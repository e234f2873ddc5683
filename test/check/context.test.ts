import * as tf from '@tensorflow/tfjs-core';
import { findContextFaults, measureUsedContext } from '../../src/check/context.js';
import { expectedReceptiveFields } from '../../src/check/receptive-fields.js';
import { frameBytes } from '../../src/foundation/levels.js';
import type { LayerDescription } from '../../src/model/layers/index.js';
import { buildNetwork, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import '../backend/implementations.js';
import { randomWeights, tinyNetwork } from '../model/tiny-networks.js';
import {
  checkedNetwork,
  checkedNetworks,
  layersOf,
  layerTypes,
  withFutureTap,
  withGatesInThirds,
  withoutShift,
  withoutTap,
} from './checked-networks.js';

beforeAll(() => tf.setBackend('native-wasm'));

function checkedOf(network: Network, parameters: tf.Tensor[] = []) {
  return { network, parameters, fields: expectedReceptiveFields(network.program), seed: 2 };
}
const allOf = ({ description }: Network) => Array.from({ length: frameBytes(description) }, (_, output) => output);

const faults = (network: Network) => findContextFaults(checkedOf(network), allOf(network));

test.each(checkedNetworks)('gradients are where the context is promised, and nowhere else: %s', async (_, network) => {
  expect(await faults(network)).toEqual([]);
});

test.each(layerTypes)('gradients that go far through forty layers are not lost: %s', async (type) => {
  const layers = layersOf(type).flatMap((layer) => new Array<LayerDescription>(20).fill(layer));
  const first = { kernel: 1, features: 6 };
  expect(await faults(buildNetwork(tinyNetwork({ layers, first, conditioning: [] })))).toEqual([]);
});

describe('what is wrong is named:', () => {
  test('a future tap', async () => {
    const found = await faults(withFutureTap(checkedNetwork('pixel-cnn-block', 1, false)));
    expect(found).toContain('(0, 0) depends on (0, 0), which it must not see');
  });

  test('a tap of the first layer that is missing', async () => {
    const found = await faults(withoutTap(checkedNetwork('pixel-cnn-block', 1, false)));
    expect(found).toContain('(1, 0) does not depend on (0, 3), which it should see');
  });

  test('a walk from the right that is not moved down: each pixel sees those to its right', async () => {
    const found = await faults(withoutShift(checkedNetwork('diagonal-bilstm', 1, true)));
    expect(found).toContain('(0, 0) depends on (0, 0), which it must not see');
  });

  test('gates cut in thirds: red sees the green of its own pixel', async () => {
    const found = await faults(withGatesInThirds(checkedNetwork('diagonal-bilstm', 3, false), 'layers.0.left.input'));
    expect(found).toContain('(6, 4) R depends on (6, 4) R, which it must not see');
  });
});

test('the share of the context that trained weights use is none where they are zero', async () => {
  const network = checkedNetwork('row-lstm', 3, true);
  const share = async (weights: Float32Array[]) => {
    const parameters = toTensors(weights, network.parameters);
    const used = await measureUsedContext(checkedOf(network, parameters), allOf(network));
    tf.dispose(parameters);
    return used;
  };
  const weights = randomWeights(network, 4);
  const used = await share(weights);
  expect(used).toBeGreaterThan(0.5);
  expect(used).toBeLessThanOrEqual(1);
  expect(await share(weights.map((values) => values.map(() => 0)))).toBe(0);
});
