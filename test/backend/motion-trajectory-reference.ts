import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { neighbours } from './block-matching-reference.js';
import { solved, type Matrix } from './linear-equations.js';

const FEATURES = 11;
/** Features of the motion down and to the right of a pixel itself. */
const AXES = [0, 5];

/** `motionTrajectory` from its definition: each trajectory on its own, and the normal equations of its lines. */
export function motionTrajectory(
  { batch, height, width, pairs, maxChange }: KernelNumbers<'motionTrajectory'>,
  found: ArrayLike<number>,
  existing: ArrayLike<number>,
  steps: ArrayLike<number>,
): Float64Array {
  const cut = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);
  const value = (pair: number, n: number, y: number, x: number, feature: number) =>
    found[(((n * height + cut(y, height)) * width + cut(x, width)) * pairs + pair) * FEATURES + feature];
  /** Sum over the four pixels around a place, each with the area of the rectangle opposite. */
  const bilinear = (pair: number, n: number, y: number, x: number, feature: number) => {
    const [row, column] = [cut(y, height), cut(x, width)];
    const [top, left] = [Math.floor(row), Math.floor(column)];
    return [0, 1].reduce((sum, i) => {
      const ofRow = [0, 1].map((j) => {
        const area = Math.abs(1 - i - (row - top)) * Math.abs(1 - j - (column - left));
        return area * value(pair, n, top + i, left + j, feature);
      });
      return sum + ofRow[0] + ofRow[1];
    }, 0);
  };
  const motionOf = (n: number, y: number, x: number): number[] => {
    const motions: number[][] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const place = AXES.map((_, axis) => motions.reduce((sum, motion) => sum + motion[axis], [y, x][axis]));
      motions.push(AXES.map((feature) => bilinear(pair, n, place[0], place[1], feature)));
    }
    return AXES.map((_, axis) => {
      const own = motions.map((motion) => motion[axis]).slice(0, Math.max(1, existing[n]));
      const segments = segmentsOf(own, maxChange);
      const rows = segments.flatMap(([begin, end], segment) =>
        Array.from({ length: end - begin + 1 }, (_, at) => {
          const j = begin + at;
          const unknowns = [(-1) ** segment * j, ...segments.map((_, other) => (other === segment ? 1 : 0))];
          return { unknowns, place: own.slice(0, j).reduce((sum, motion) => sum + motion, 0) };
        }),
      );
      const [[slope], [intercept]] = leastSquares(rows);
      return slope - intercept / steps[n];
    });
  };
  const out = Array.from({ length: batch * height * width }, (_, at) => {
    const n = Math.floor(at / (height * width));
    const [y, x] = [Math.floor(at / width) % height, at % width];
    const around = neighbours.map(([i, j]) => motionOf(n, cut(y + i, height), cut(x + j, width)));
    return [...around.map(([down]) => down), ...around.map(([, right]) => right), value(0, n, y, x, 10)];
  });
  return Float64Array.from(out.flat());
}

/** The first and last position of each segment of the motions of an axis. */
function segmentsOf(motions: readonly number[], maxChange: number): [first: number, last: number][] {
  const similar = (one: number, other: number) => Math.abs(one - other) <= maxChange;
  const from = (first: number): [number, number] => {
    const change = motions.findIndex((motion, at) => at > first && !similar(motion, motions[first]));
    return [first, change < 0 ? motions.length : change];
  };
  const [now, before, earlier] = motions;
  const reversing =
    motions.length > 2 &&
    !similar(now, before) &&
    similar(before, earlier) &&
    now * before >= 0 &&
    Math.abs(now) < Math.abs(before);
  const segments: [number, number][] = reversing ? [[0, 0], from(1)] : [from(0)];
  for (;;) {
    const [first, last] = segments[segments.length - 1];
    if (last + 1 >= motions.length || !similar(motions[last + 1], -motions[first])) return segments;
    segments.push(from(last + 1));
  }
}

/** The unknowns whose sums come nearest to all places. */
function leastSquares(rows: readonly { unknowns: number[]; place: number }[]): Matrix {
  const sum = (of: (row: { unknowns: number[]; place: number }) => number) =>
    rows.reduce((total, row) => total + of(row), 0);
  const each = rows[0].unknowns.map((_, at) => at);
  return solved(
    each.map((i) => each.map((j) => sum(({ unknowns }) => unknowns[i] * unknowns[j]))),
    each.map((i) => [sum(({ unknowns, place }) => unknowns[i] * place)]),
  );
}
