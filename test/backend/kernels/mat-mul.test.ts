import * as tf from '@tensorflow/tfjs-core';
import { randomFloats } from '../../random.js';
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
