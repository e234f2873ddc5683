import { count, extent, integer, kernel, numbers } from './description.js';

const length = numbers('Length', { count });

/** out = max(x, 0). What is not a number stays so. */
export const relu = kernel({
  numbers: length,
  inputs: { x: { shape: ({ count }) => [count] } },
  outputs: { out: { shape: ({ count }) => [count] } },
});

/** dx = dy where x > 0, else 0. */
export const reluGradient = kernel({
  numbers: length,
  inputs: { x: { shape: ({ count }) => [count] }, dy: { shape: ({ count }) => [count] } },
  outputs: { dx: { shape: ({ count }) => [count], like: 'x' } },
});

/** out = a + b; b repeats (a bias over the last axis). */
export const add = kernel({
  numbers: numbers('AddNumbers', { count, period: extent }),
  inputs: { a: { shape: ({ count }) => [count] }, b: { shape: ({ period }) => [period] } },
  outputs: { out: { shape: ({ count }) => [count] } },
  limits: ({ count, period }) => ({ 'count / period': count / period }),
});

/** out[n, i] = a[n, i] + b[n, i - offset] on batch x length values; a is 0 where null, b outside its image. */
export const addMoved = kernel({
  numbers: numbers('AddMovedNumbers', { batch: count, length: count, offset: integer(-(2 ** 31), 2 ** 31 - 1) }),
  inputs: {
    a: { shape: ({ batch, length }) => [batch, length], optional: true },
    b: { shape: ({ batch, length }) => [batch, length] },
  },
  outputs: { out: { shape: ({ batch, length }) => [batch, length] } },
});

/** out = a * b. */
export const multiply = kernel({
  numbers: length,
  inputs: { a: { shape: ({ count }) => [count] }, b: { shape: ({ count }) => [count] } },
  outputs: { out: { shape: ({ count }) => [count] } },
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
  inputs: { x: { shape: ({ count }) => [count] } },
  outputs: { out: { shape: ({ count }) => [count] } },
  inBf16: true,
});
