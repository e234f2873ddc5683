import type { BlockMatchingShape } from '../../src/backend/kernels/index.js';

/** What a motion costs beside none, and each pixel of its distance. */
const costOfMotion = 1;
const costOfDistance = 1 / 16;

/** `blockMatching` from its definition: every motion at every pixel, every term of every sum. */
export function blockMatching(
  shape: BlockMatchingShape,
  batch: number,
  before: ArrayLike<number>,
  last: ArrayLike<number>,
): Float64Array {
  const { height, width, channels } = shape;
  const values = height * width * channels;
  const image = (frames: ArrayLike<number>, n: number) =>
    Array.from({ length: values }, (_, at) => Math.floor(frames[n * values + at] + 0.5));
  return Float64Array.from(
    Array.from({ length: batch }, (_, n) => matchImage(shape, image(before, n), image(last, n))).flat(),
  );
}

/** Neighbours of a pixel whose motions are features of it: down, right. */
export const neighbours = [
  [0, 0],
  [-2, 0],
  [2, 0],
  [0, -2],
  [0, 2],
];

function matchImage(
  { height, width, channels, reach, margin }: BlockMatchingShape,
  before: readonly number[],
  last: readonly number[],
): number[] {
  const clamp = (place: number, length: number) => Math.min(Math.max(place, 0), length - 1);
  const pixels = Array.from({ length: height * width }, (_, at) => ({ y: Math.floor(at / width), x: at % width }));
  const places = (from: number) => Array.from({ length: 2 * from + 1 }, (_, i) => i - from);
  const about = places(margin).flatMap((i) => places(margin).map((j) => ({ i, j })));
  /** S of every pixel under a motion. */
  const sumsOf = (down: number, right: number): number[] => {
    const differences = pixels.map(({ y, x }, at) => {
      const from = clamp(y + down, height) * width + clamp(x + right, width);
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += Math.abs(last[at * channels + c] - before[from * channels + c]);
      return sum;
    });
    return pixels.map(({ y, x }) =>
      about.reduce((sum, { i, j }) => sum + differences[clamp(y + i, height) * width + clamp(x + j, width)], 0),
    );
  };
  const sums = new Map<string, number[]>();
  for (const down of places(reach))
    for (const right of places(reach)) sums.set(`${down},${right}`, sumsOf(down, right));
  const terms = channels * (2 * margin + 1) ** 2;

  const all = pixels.map((_, at) => {
    const sum = (down: number, right: number) => sums.get(`${down},${right}`)![at];
    let best = { down: 0, right: 0, cost: Infinity };
    for (const down of places(reach))
      for (const right of places(reach)) {
        const distance = Math.abs(down) + Math.abs(right);
        const asMotion = distance === 0 ? 0 : costOfMotion + costOfDistance * distance;
        const cost = sum(down, right) + terms * asMotion;
        if (cost < best.cost) best = { down, right, cost };
      }
    const { down, right } = best;
    const here = sum(down, right);
    const fraction = (along: number, smaller: () => number, larger: () => number) => {
      if (here === 0 || Math.abs(along) === reach) return 0;
      const bend = smaller() - 2 * here + larger();
      return bend > 0 ? Math.min(Math.max((smaller() - larger()) / bend / 2, -0.5), 0.5) : 0;
    };
    const inY = fraction(
      down,
      () => sum(down - 1, right),
      () => sum(down + 1, right),
    );
    const inX = fraction(
      right,
      () => sum(down, right - 1),
      () => sum(down, right + 1),
    );
    return { down: down + inY, right: right + inX, difference: here / terms };
  });
  return pixels.flatMap(({ y, x }, at) => {
    const told = neighbours.map(([i, j]) => all[clamp(y + i, height) * width + clamp(x + j, width)]);
    return [...told.map(({ down }) => down), ...told.map(({ right }) => right), all[at].difference];
  });
}
