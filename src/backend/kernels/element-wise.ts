import { count, extent, integer, kernel, numbers } from './description.js';

const length = numbers('Length', { count });
const values = { shape: ({ count }: { count: number }) => [count] };
const map = { shape: ({ batch, length }: { batch: number; length: number }) => [batch, length] };

/** out = max(x, 0). What is not a number stays so. */
export const relu = kernel({
  numbers: length,
  inputs: { x: values },
  outputs: { out: { ...values, like: 'x' } },
});

/** dx = dy where x > 0, else 0. */
export const reluGradient = kernel({
  numbers: length,
  inputs: { x: values, dy: values },
  outputs: { dx: { ...values, like: 'x' } },
});

/** out = a + b, a - b, a * b or a / b; b repeats (a bias over the last axis, or one number). */
const pairwise = kernel({
  numbers: numbers('PairwiseNumbers', { count, period: extent }),
  inputs: { a: values, b: { shape: ({ period }) => [period] } },
  outputs: { out: { ...values, like: 'a' } },
  limits: ({ count, period }) => ({ 'count / period': count / period }),
});
export const add = pairwise;
export const subtract = pairwise;
export const multiply = pairwise;
export const divide = pairwise;

/** out[n, i] = a[n, i] + b[n, i - offset] on batch x length values; a is 0 where null, b outside its image. */
export const addMoved = kernel({
  numbers: numbers('AddMovedNumbers', { batch: count, length: count, offset: integer(-(2 ** 31), 2 ** 31 - 1) }),
  inputs: { a: { ...map, optional: true }, b: map },
  outputs: { out: { ...map, like: 'b' } },
});

/** out[j] = sum over rows i of x[i, j]. */
export const sumRows = kernel({
  numbers: numbers('SumRowsNumbers', { rows: count, columns: count }),
  inputs: { x: { shape: ({ rows, columns }) => [rows, columns] } },
  outputs: { out: { shape: ({ columns }) => [columns] } },
});

/**
 * out = x after v <- v / 2 + 1, `rounds` times: arithmetic with no memory in its way, to measure the peak of a machine. In bf16
 * the lower half of v is no part of the product, but a number that is multiplied by zero, and must be finite.
 */
export const multiplyAdds = kernel({
  numbers: numbers('MultiplyAddsNumbers', { rounds: count, count }),
  inputs: { x: values },
  outputs: { out: values },
  inBf16: true,
});
