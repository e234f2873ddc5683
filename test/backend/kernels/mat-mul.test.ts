import * as tf from '@tensorflow/tfjs-core';
import { randomFloats } from '../../random.js';
import { kernelSets } from '../implementations.js';
import { testKernel } from '../kernel-suite.js';

const sizes = [
  { m: 1, n: 1, k: 1 },
  { m: 5, n: 3, k: 17 },
  { m: 16, n: 48, k: 5 },
  { m: 17, n: 33, k: 48 },
  { m: 7, n: 130, k: 128 },
];

testKernel('matMul', {
  tolerance: 1e-5,
  cases: sizes.flatMap((size) =>
    [false, true].flatMap((transposeA) =>
      [false, true].map((transposeB) => ({
        name: `${size.m} x ${size.k} by ${size.k} x ${size.n}, transposed: ${transposeA}, ${transposeB}`,
        numbers: { ...size, transposeA, transposeB },
        inputs: { a: randomFloats(size.m * size.k, 1), b: randomFloats(size.k * size.n, 2) },
      })),
    ),
  ),
  reference({ m, n, k, transposeA, transposeB }, { a, b }) {
    const out = new Float64Array(m * n);
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++)
        for (let i = 0; i < k; i++)
          out[row * n + column] +=
            a[transposeA ? i * m + row : row * k + i] * b[transposeB ? column * k + i : i * n + column];
    return { out };
  },
  tensors: ({ transposeA, transposeB }, { a, b }) => ({ out: tf.matMul(a, b, transposeA, transposeB) }),
});

test.each(kernelSets)('$instructionSet multiplies matrices without a row, a column or a sum', (kernels) => {
  for (const [m, n, k] of [
    [0, 3, 2],
    [2, 0, 3],
    [0, 0, 0],
    [2, 3, 0],
  ]) {
    const [a, b] = [new Float32Array(m * k), new Float32Array(k * n)];
    const out = new Float32Array(m * n).fill(NaN);
    kernels.matMul({ m, n, k, transposeA: false, transposeB: false }, { a, b, out });
    expect([...out]).toEqual(new Array(m * n).fill(0));
  }
});
