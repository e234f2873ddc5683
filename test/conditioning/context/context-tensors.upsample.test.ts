import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { loadGradients } from '../../../src/foundation/tfjs.js';
import { upsample } from '../../../src/conditioning/context/context-tensors.js';
import { kernelSets } from '../../backend/implementations.js';
import { randomFloats } from '../../random.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

test.each([
  { rows: 1, columns: 3, step: 2 },
  { rows: 3, columns: 1, step: 3 },
  { rows: 1, columns: 1, step: 8 },
  { rows: 2, columns: 3, step: 2 },
])('$rows x $columns pixels are upsampled $step times, with gradients', ({ rows, columns, step }) => {
  loadGradients();
  const size = { height: step * rows, width: step * columns - 1 };
  const coarse = randomFloats(rows * columns, 3);
  const at = (row: number, column: number) => coarse[Math.min(row, rows - 1) * columns + Math.min(column, columns - 1)];
  const expected = (row: number, column: number) => {
    const [y, x] = [row / step, column / step];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const inRow = (r: number) => at(r, left) + (x - left) * (at(r, left + 1) - at(r, left));
    return inRow(top) + (y - top) * (inRow(top + 1) - inRow(top));
  };
  tf.tidy(() => {
    const map: Tensor4D = tf.tensor4d(coarse, [1, rows, columns, 1]);
    const whole = upsample(map, step, size).dataSync();
    for (let i = 0; i < whole.length; i++)
      expect(whole[i]).toBeCloseTo(expected(Math.floor(i / size.width), i % size.width), 5);
    // All weights of an upsampled pixel add up to 1.
    const total = (x: Tensor): Scalar => tf.sum<Scalar>(upsample(x as Tensor4D, step, size));
    const gradient = tf.grad(total)(map).dataSync<'float32'>();
    expect(gradient.reduce((sum, value) => sum + value, 0)).toBeCloseTo(size.height * size.width, 3);
  });
});
