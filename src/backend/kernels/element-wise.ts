import { count, extent, integer, kernel, scalarArguments } from './description.js';

const length = scalarArguments('Length', { count });
const values = { shape: ({ count }: { count: number }) => [count] };
const map = { shape: ({ batch, length }: { batch: number; length: number }) => [batch, length] };

/** ReLU: out = max(x, 0). NaN stays NaN. */
export const relu = kernel({
  numbers: length,
  inputs: { x: values },
  outputs: { out: { ...values, like: 'x' } },
});

/** Gradient of `relu`: dx = dy where x > 0, else 0. */
export const reluGradient = kernel({
  numbers: length,
  inputs: { x: values, dy: values },
  outputs: { dx: { ...values, like: 'x' } },
});

/** Element-wise operation on a and b; b repeats over a, such as a bias over the last axis, or one number. */
const pairwise = kernel({
  numbers: scalarArguments('PairwiseNumbers', { count, period: extent }),
  inputs: { a: values, b: { shape: ({ period }) => [period] } },
  outputs: { out: { ...values, like: 'a' } },
  limits: ({ count, period }) => ({ 'count / period': count / period }),
});
/** Element-wise sum: out[i] = a[i] + b[i mod period]. `period` is the length of b and divides the length of a. */
export const add = pairwise;
/**
 * Element-wise difference: out[i] = a[i] - b[i mod period]. `period` is the length of b and divides the length of a.
 */
export const subtract = pairwise;
/** Element-wise product: out[i] = a[i] * b[i mod period]. `period` is the length of b and divides the length of a. */
export const multiply = pairwise;
/** Element-wise quotient: out[i] = a[i] / b[i mod period]. `period` is the length of b and divides the length of a. */
export const divide = pairwise;

/**
 * Sum of a and shifted images b: out[n, i] = a[n, i] + b[n, i - offset], with n the image and i from 0 to length - 1. A
 * null a is 0; b is 0 where i - offset is outside 0 to length - 1.
 */
export const addMoved = kernel({
  numbers: scalarArguments('AddMovedNumbers', {
    batch: count,
    length: count,
    offset: integer(-(2 ** 31), 2 ** 31 - 1),
  }),
  inputs: { a: { ...map, optional: true }, b: map },
  outputs: { out: { ...map, like: 'b' } },
});

type Widths = { rows: number; columnsA: number; columnsB: number; columnsC: number; columnsD: number };
const columnsOf = (name: Exclude<keyof Widths, 'rows'>) => ({
  shape: (widths: Widths) => [widths.rows, widths[name]],
});

/** Concatenation of the rows of up to four arrays: out[i] = (a[i], b[i], c[i], d[i]). A null array has no columns. */
export const concatRows = kernel({
  numbers: scalarArguments('ConcatRowsNumbers', {
    rows: count,
    columnsA: count,
    columnsB: count,
    columnsC: count,
    columnsD: count,
  }),
  inputs: {
    a: columnsOf('columnsA'),
    b: { ...columnsOf('columnsB'), optional: true },
    c: { ...columnsOf('columnsC'), optional: true },
    d: { ...columnsOf('columnsD'), optional: true },
  },
  outputs: {
    out: {
      shape: ({ rows, columnsA, columnsB, columnsC, columnsD }) => [rows, columnsA + columnsB + columnsC + columnsD],
    },
  },
});

/** Slice of each row: out[i, j] = x[i, first + j], with x [rows, columns] and out [rows, length]. */
export const sliceRows = kernel({
  numbers: scalarArguments('SliceRowsNumbers', { rows: count, columns: count, first: count, length: count }),
  inputs: { x: { shape: ({ rows, columns }) => [rows, columns] } },
  outputs: { out: { shape: ({ rows, length }) => [rows, length] } },
  limits: ({ columns, first, length }) => ({ 'columns - first - length': columns - first - length }),
});

/** Column sums: out[j] = sum over rows i of x[i, j], with x [rows, columns]. */
export const sumRows = kernel({
  numbers: scalarArguments('SumRowsNumbers', { rows: count, columns: count }),
  inputs: { x: { shape: ({ rows, columns }) => [rows, columns] } },
  outputs: { out: { shape: ({ columns }) => [columns] } },
});

/**
 * Arithmetic benchmark for the roofline, with little memory traffic: out[i] = v after v <- v / 2 + 1, `rounds` times,
 * from v = x[i]. The bf16 kernel reads the 32 bits of v as two bf16 numbers. The upper one is multiplied by 1/2, the
 * lower one, which must be finite, by 0.
 */
export const multiplyAdds = kernel({
  numbers: scalarArguments('MultiplyAddsNumbers', { rounds: integer(0, 100_000), count }),
  inputs: { x: values },
  outputs: { out: values },
  inBf16: true,
});
