import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { neighbours } from './block-matching-reference.js';

const FEATURES = 11;
/** Features of the motion down and to the right of a pixel itself. */
const AXES = [0, 5];

/** `motionTrajectory` from its definition: each trajectory on its own, and the normal equations of its line. */
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
      const own = motions.map((motion) => motion[axis]);
      const end = own.findIndex(
        (motion, at) => at >= Math.max(1, existing[n]) || Math.abs(motion - own[0]) > maxChange,
      );
      const before = own.slice(0, end < 0 ? pairs : end);
      const points = [0, ...before].map((_, j) => [j, before.slice(0, j).reduce((sum, motion) => sum + motion, 0)]);
      const sum = (of: (point: number[]) => number) => points.reduce((total, point) => total + of(point), 0);
      const [count, j, jj, x, jx] = [
        points.length,
        sum(([at]) => at),
        sum(([at]) => at * at),
        sum(([, place]) => place),
        sum(([at, place]) => at * place),
      ];
      const slope = (count * jx - j * x) / (count * jj - j * j);
      const intercept = (x - slope * j) / count;
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
