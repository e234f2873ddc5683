import * as tf from '@tensorflow/tfjs-core';
import { resizeModel } from '../../src/model/resize-model.js';
import { modelSchema } from '../../src/model/description.js';
import { implementations } from '../backend/implementations.js';
import { expectReferenceNats } from './reference-nats.js';
import {
  framedNetworks,
  otherSizes,
  randomModel,
  sizeName,
  tinyBound,
  tinyChain,
  tinyNetwork,
  tinyNetworks,
} from './tiny-networks.js';

const backends = implementations.flatMap(({ backend }) => backend ?? []);

const models = [
  ...[...tinyNetworks, ...framedNetworks].map(([name, network]) => ({ name, scales: [network] })),
  { name: 'a chain of two scales', scales: tinyChain() },
  { name: 'a chain that predicts shared pixels', scales: tinyBound() },
].filter(({ scales }) => scales[0].conditioning.every(({ type }) => type !== 'low-resolution-image'));

test.each(models)('$name has the same weights at every size', ({ scales }) => {
  const model = randomModel(scales);
  for (const size of [...otherSizes, { width: 131, height: 57 }]) {
    const sized = resizeModel(model, size);
    expect(sized.chain.exampleShape).toEqual({ ...model.chain.exampleShape, size });
    expect(sized.weights).toBe(model.weights);
    const shapes = ({ chain }: typeof model) => chain.parameters.map(({ name, shape }) => [name, shape]);
    expect(shapes(sized)).toEqual(shapes(model));
    expect(modelSchema.safeParse(sized.description).success).toBe(true);
  }
});

test.each([
  [0, 3],
  [3.5, 3],
  [-4, 8],
])('%dx%d is no size', (width, height) => {
  expect(() => resizeModel(randomModel([tinyNetwork()]), { width, height })).toThrow(
    'resize model: size: expected a width and a height in whole pixels, 1 or more, received ' + `${width}x${height}`,
  );
});

test('at its own size a model is itself, so that nothing it says changes', () => {
  const model = randomModel([tinyNetwork()]);
  expect(resizeModel(model, { width: 5, height: 7 })).toBe(model);
  expect(resizeModel(model, { width: 7, height: 5 })).not.toBe(model);
});

describe.each(otherSizes.map(sizeName))('at %s the nats of each sub-pixel are those of the float64 reference', (at) => {
  const size = otherSizes.find((other) => sizeName(other) === at)!;
  describe.each(backends)('on %s:', (backend) => {
    test.each([...tinyNetworks, ...framedNetworks])('a network that was described as %s', async (_, description) => {
      await tf.setBackend(backend);
      expectReferenceNats({ ...description, size });
    });
  });
});
