import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { countBytes, countLargestTensor } from '../../src/backend/counting-backend.js';
import './implementations.js';

beforeAll(() => tf.setBackend('native-wasm'));

const x = () => tf.fill<tf.Rank.R4>([2, 6, 5, 3], 1);
const row = () => tf.fill([5, 1], 2);
const operations: Record<string, () => Tensor | Tensor[]> = {
  negative: () => tf.neg(x()),
  clipped: () => tf.clipByValue(x(), 0, 1),
  rounded: () => tf.round(tf.log1p(x())),
  zeros: () => [tf.zerosLike(x()), tf.onesLike(x())],
  sums: () => [tf.add(x(), row()), tf.addN([x(), x()]), tf.sub(row(), x())],
  products: () => [tf.mul(x(), row()), tf.div(x(), row()), tf.squaredDifference(x(), row())],
  extremes: () => [tf.minimum(x(), row()), tf.maximum(row(), x())],
  comparisons: () => [tf.greater(x(), row()), tf.greaterEqual(x(), 1), tf.less(x(), 1), tf.lessEqual(1, x())],
  conditions: () => tf.logicalAnd(tf.logicalNot(tf.greater(x(), 1)), tf.less(row(), 1)),
  choice: () => tf.where(tf.greater(x(), 1), x(), x()),
  'means along axes': () => [tf.mean(x(), [1, 3]), tf.mean(x(), -1, true), tf.mean(x())],
  'sums along axes': () => [tf.sum(x(), [1, 3]), tf.sum(x(), -1, true), tf.sum(x())],
  tiles: () => tf.tile(x(), [1, 2, 1, 3]),
  padding: () =>
    tf.pad(x(), [
      [0, 0],
      [1, 2],
      [0, 3],
      [0, 0],
    ]),
  stacks: () => [tf.stack([x(), x()], 2), tf.stack([x(), x(), x()])],
  slices: () => [tf.slice(x(), [0, 1, 2, 0], [2, 3, -1, 1]), tf.slice(x(), 1)],
  strides: () => tf.stridedSlice(x(), [0, 1, 0, 0], [2, 6, 5, 3], [1, 2, 3, 1]),
  // The parts have memory here, the whole has none.
  'small parts and a large whole': () => {
    const whole = tf.concat([tf.fill([2, 1500], 1), tf.fill([2, 1500], 2)], 1);
    return [whole, ...tf.split(whole, 2, 1)];
  },
  'other types': () => [tf.cast(x(), 'int32'), tf.cast(tf.cast(x(), 'bool'), 'float32')],
  // Without a shape function.
  transposed: () => tf.transpose(x(), [0, 3, 1, 2]),
  sines: () => tf.sin(x()),
};

test.each(Object.entries(operations))('shapes and types of %s are those that are computed', (_, run) => {
  const facts = () => [run()].flat().map(({ shape, dtype }) => ({ shape, dtype }));
  const computed = facts();
  let counted: unknown;
  countBytes(() => (counted = facts()));
  expect(counted).toEqual(computed);
});

test('tensors count while they are there, and those that are left up to what is collected at last', () => {
  const MiB = 2 ** 20;
  const ofMiB = (number: number) => tf.fill([number * MiB], 0, 'bool');
  expect(countBytes(() => tf.dispose([ofMiB(1), ofMiB(2)]))).toBe(6 * MiB);
  expect(countBytes(() => [100, 200, 50].forEach((number) => ofMiB(number).dispose()))).toBe((200 + 64) * MiB);
});

test('the largest tensor is found, whether it is filled or computed', () => {
  const floats = 2 ** 20;
  expect(countLargestTensor(() => [1, 3, 2].forEach((times) => tf.fill([times * floats], 1).dispose()))).toBe(
    12 * floats,
  );
  expect(countLargestTensor(() => tf.mul(tf.fill([floats, 1], 1), tf.fill([1, 5], 1)))).toBe(20 * floats);
});

test('what a kernel would write counts as long as it is in use or idle', () => {
  const floats = 2 ** 20;
  const used = () => {
    const a = tf.fill([floats], 1);
    const b = tf.fill([floats], 1);
    for (let time = 0; time < 3; time++) tf.mul(a, b).dispose();
    tf.dispose([a, b]);
  };
  // a and b, the one array that serves all three products, and a and b before they are collected.
  expect(countBytes(used)).toBe(5 * 4 * floats);
});
