import { meanOfWeights } from '../scripts/mean-of-weights.js';
import { randomModel, tinyNetwork } from './model/tiny-networks.js';

const [a, b, c] = [1, 2, 3].map((seed) => randomModel([tinyNetwork()], seed));

test('the mean of weights is that of each weight; all else is the first model', () => {
  const { weights, ...rest } = meanOfWeights([{ ...a, step: 7 }, b, c]);
  const { weights: own, ...first } = a;
  expect(rest).toEqual({ ...first, step: 7 });
  expect(weights.map((values) => values.length)).toEqual(own.map((values) => values.length));
  for (const [index, values] of weights.entries()) {
    for (const [at, value] of values.entries()) {
      const [x, y, z] = [a, b, c].map((one) => one.weights[index][at]);
      expect(value).toBe(Math.fround((x + y + z) / 3));
    }
  }
});

test('the mean of one model, or of models of other networks, is refused', () => {
  expect(() => meanOfWeights([a])).toThrow('expected two models or more, received 1');
  const other = randomModel([tinyNetwork({ conditioning: [] })]);
  expect(() => meanOfWeights([a, other])).toThrow(/expected the parameters of .*, received others/);
});
