import { COST_OF_DISTANCE, COST_OF_MOTION, type BlockMatchingShape } from '../../src/backend/kernels.js';

/** `blockMatching` from its definition: every motion at every pixel, every term of every sum. */
export function blockMatching(
  { height, width, channels, reach, margin }: BlockMatchingShape,
  batch: number,
  before: ArrayLike<number>,
  last: ArrayLike<number>,
): Float64Array {
  const clamp = (place: number, length: number) => Math.min(Math.max(place, 0), length - 1);
  const level = (frames: ArrayLike<number>, n: number, y: number, x: number, c: number) =>
    Math.floor(frames[((n * height + y) * width + x) * channels + c] + 0.5);
  const difference = (n: number, y: number, x: number, down: number, right: number) => {
    let sum = 0;
    for (let c = 0; c < channels; c++)
      sum += Math.abs(level(last, n, y, x, c) - level(before, n, clamp(y + down, height), clamp(x + right, width), c));
    return sum;
  };
  const block = (n: number, y: number, x: number, down: number, right: number) => {
    let sum = 0;
    for (let i = -margin; i <= margin; i++)
      for (let j = -margin; j <= margin; j++)
        sum += difference(n, clamp(y + i, height), clamp(x + j, width), down, right);
    return sum;
  };
  const terms = channels * (2 * margin + 1) ** 2;
  const found = (n: number, y: number, x: number) => {
    let best = { down: 0, right: 0, cost: Infinity };
    for (let down = -reach; down <= reach; down++)
      for (let right = -reach; right <= reach; right++) {
        const distance = Math.abs(down) + Math.abs(right);
        const asMotion = distance === 0 ? 0 : COST_OF_MOTION + COST_OF_DISTANCE * distance;
        const cost = block(n, y, x, down, right) + terms * asMotion;
        if (cost < best.cost) best = { down, right, cost };
      }
    const { down, right } = best;
    const here = block(n, y, x, down, right);
    const fraction = (along: number, smaller: () => number, larger: () => number) => {
      if (here === 0 || Math.abs(along) === reach) return 0;
      const bend = smaller() - 2 * here + larger();
      return bend > 0 ? Math.min(Math.max((smaller() - larger()) / bend / 2, -0.5), 0.5) : 0;
    };
    const inY = fraction(down, () => block(n, y, x, down - 1, right), () => block(n, y, x, down + 1, right)); // prettier-ignore
    const inX = fraction(right, () => block(n, y, x, down, right - 1), () => block(n, y, x, down, right + 1)); // prettier-ignore
    return { down: down + inY, right: right + inX, difference: here / terms };
  };
  const out: number[] = [];
  for (let n = 0; n < batch; n++) {
    const all = Array.from({ length: height * width }, (_, at) => found(n, Math.floor(at / width), at % width));
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const about = [[0, 0], [-2, 0], [2, 0], [0, -2], [0, 2]].map(([i, j]) => all[clamp(y + i, height) * width + clamp(x + j, width)]); // prettier-ignore
        out.push(...about.map(({ down }) => down), ...about.map(({ right }) => right));
        out.push(all[y * width + x].difference);
      }
  }
  return Float64Array.from(out);
}
