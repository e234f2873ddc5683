import type { BlockMatchingShape } from '../../src/backend/kernels.js';
import { blockMatching } from '../../src/backend/typescript/block-matching.js';
import { FoundMotion } from '../../src/backend/typescript/found-motion.js';
import { randomFloats } from '../random.js';
import * as reference from './block-matching-reference.js';

const shape: BlockMatchingShape = { height: 9, width: 8, channels: 3, reach: 2, margin: 1 };
const frame = (seed: number, length = 9 * 8 * 3) => randomFloats(length, seed).map((value) => 128 + 60 * value);

test('motion is remembered by the frames and the shape, whatever becomes of the arrays', () => {
  const found = new FoundMotion();
  const [before, last, motion] = [frame(1), frame(2), frame(3)];
  expect(found.between(shape, before, last)).toBeNull();
  found.keep(shape, before, last, motion);
  expect(found.between({ ...shape }, before.slice(), last.slice())).toEqual(motion);
  expect(found.between(shape, last, before)).toBeNull();
  expect(found.between({ ...shape, reach: 3 }, before, last)).toBeNull();
  const [kept, untouched] = [motion.slice(), before.slice()];
  motion.fill(0);
  before[5] += 1;
  expect(found.between(shape, before, last)).toBeNull();
  expect(found.between(shape, untouched, last)).toEqual(kept);
});

test('the oldest are forgotten where they would take much memory, and what is larger than that is not kept', () => {
  const found = new FoundMotion();
  const large = frame(4, 2 ** 20 / 4);
  const last = Array.from({ length: 3 }, (_, seed) => frame(5 + seed));
  for (const one of last) found.keep(shape, large, one, new Float32Array(2 * large.length));
  expect(last.map((one) => found.between(shape, large, one) !== null)).toEqual([false, true, true]);
  found.keep(shape, frame(8, 2 ** 22), last[0], frame(9));
  expect(last.map((one) => found.between(shape, large, one))).toEqual([null, null, null]);
});

test('a search that is asked for again, in part, finds the same, and another one what is there now', () => {
  const [before, last] = [frame(10, 2 * 216), frame(11, 2 * 216)];
  const run = () => {
    const out = new Float32Array(2 * 9 * 8 * 11);
    blockMatching(shape, 2, before, last, out);
    return out;
  };
  const first = run();
  expect(run()).toEqual(first);
  last.set(before.subarray(216), 216);
  const second = run();
  expect(second.subarray(0, 9 * 8 * 11)).toEqual(first.subarray(0, 9 * 8 * 11));
  expect(second.subarray(9 * 8 * 11)).not.toEqual(first.subarray(9 * 8 * 11));
  expect(Math.max(...second.subarray(9 * 8 * 11).map(Math.abs))).toBe(0);
  expect(
    reference.blockMatching(shape, 2, before, last).every((value, at) => Math.abs(value - second[at]) < 1e-4),
  ).toBe(true);
});
