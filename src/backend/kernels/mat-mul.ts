import { count, flag, kernel, scalarArguments } from './description.js';

/**
 * Matrix product: out[m, n] = sum_k a[m, k] b[k, n], k ascending. a is stored as [k, m] if `transposeA`, b as [n, k] if
 * `transposeB`.
 */
export const matMul = kernel({
  numbers: scalarArguments('MatMulNumbers', { m: count, n: count, k: count, transposeA: flag, transposeB: flag }),
  inputs: {
    a: { shape: ({ m, k, transposeA }) => (transposeA ? [k, m] : [m, k]) },
    b: { shape: ({ n, k, transposeB }) => (transposeB ? [n, k] : [k, n]) },
  },
  outputs: { out: { shape: ({ m, n }) => [m, n] } },
});
