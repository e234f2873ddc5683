import type { EarlierPixelsShape } from '../../src/backend/kernels/index.js';
import { solved, type Matrix } from './linear-equations.js';

/** `localRegression` from its definition: at each pixel a sum over all pixels before it, and elimination. */
export function localRegression(
  shape: EarlierPixelsShape,
  batch: number,
  image: ArrayLike<number>,
  expected: ArrayLike<number>,
  references: ArrayLike<number>,
): Float64Array {
  const values = shape.height * shape.width * shape.channels;
  const part = (of: ArrayLike<number>, n: number, each: number) =>
    Array.from({ length: each }, (_, at) => of[n * each + at]);
  return Float64Array.from(
    Array.from({ length: batch }, (_, n) =>
      regressImage(
        shape,
        part(image, n, values),
        part(expected, n, values),
        part(references, n, shape.references * values),
      ),
    ).flat(),
  );
}

function regressImage(
  { height, width, channels, references: count, highest, gain }: EarlierPixelsShape,
  image: readonly number[],
  expected: readonly number[],
  references: readonly number[],
): number[] {
  const colours = Array.from({ length: channels }, (_, c) => c);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const isInside = (y: number, x: number) => y >= 0 && x >= 0 && y < height && x < width;
  const nearest = (y: number, x: number) =>
    Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1);
  const anchor = (pixel: number) => colours.map((c) => expected[pixel * channels + c]);
  const beyond = (reference: number, pixel: number) =>
    colours.map((c) => references[(pixel * count + reference) * channels + c] - expected[pixel * channels + c]);
  const error = (y: number, x: number) =>
    colours.map((c) => (isInside(y, x) ? image[(y * width + x) * channels + c] - anchor(y * width + x)[c] : 0));
  const sides = [
    [0, 1],
    [1, 0],
    [0, -1],
    [-1, 0],
  ] as const;
  const regressors = (y: number, x: number) => {
    const pixel = y * width + x;
    return [
      ...error(y, x - 1),
      ...error(y - 1, x),
      ...[error(y - 1, x - 1), error(y - 1, x + 1), error(y, x - 2), error(y - 2, x)].map(mean),
      ...beyond(0, pixel),
      ...sides.map(([dy, dx]) => mean(anchor(nearest(y + dy, x + dx))) - mean(anchor(pixel))),
      ...sides.map(([dy, dx]) => mean(beyond(0, nearest(y + dy, x + dx)))),
      ...Array.from({ length: count - 1 }, (_, k) => mean(beyond(k + 1, pixel))),
      (2 * highest) / 255,
    ];
  };

  const unit = (highest / 255) ** 2;
  const found: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const own = regressors(y, x);
      for (const decay of [0.7, 0.9]) {
        const size = own.length;
        const squares: Matrix = own.map(() => own.map(() => 0));
        const sides: Matrix = own.map(() => colours.map(() => 0));
        const left = colours.map(() => 0);
        let weights = 0;
        for (let pixel = 0; pixel < y * width + x; pixel++) {
          const row = Math.floor(pixel / width);
          const column = pixel % width;
          const weight = decay ** (y - row + Math.abs(x - column));
          const r = regressors(row, column);
          const e = error(row, column);
          weights += weight;
          for (let a = 0; a < size; a++) {
            for (let b = 0; b < size; b++) squares[a][b] += weight * r[a] * r[b];
            for (const c of colours) sides[a][c] += weight * r[a] * e[c];
          }
          for (const c of colours) left[c] += weight * e[c] ** 2;
        }
        const trace = own.reduce((sum, _, a) => sum + squares[a][a], 0);
        const ridge = (0.006 * trace) / size + (0.015 * weights + 1e-6) * unit;
        const coefficients = solved(
          squares.map((row, a) => row.map((value, b) => (a === b ? value + ridge : value))),
          sides,
        );
        const moved = colours.map((c) => own.reduce((sum, value, a) => sum + value * coefficients[a][c], 0));
        // Of the sum that is least: |e|^2 less what the coefficients take away.
        const rest = colours.map(
          (c) => left[c] - sides.reduce((sum, side, a) => sum + side[c] * coefficients[a][c], 0),
        );
        const errors = rest.map((value) => Math.sqrt((Math.max(0, value) + unit) / (weights + 0.25)));
        const level = anchor(y * width + x);
        found.push(
          ...moved.map((value, c) => (Math.min(highest, Math.max(0, level[c] + value)) - level[c]) * gain),
          ...errors.map((value) => value / (value + (4 * highest) / 255)),
        );
      }
    }
  return found;
}
