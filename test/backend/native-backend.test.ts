import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../../src/backend/native-backend.js';
import { relu } from '../../src/backend/element-wise.js';
import { randomFloats } from '../random.js';
import { fastest, kernelSets } from './implementations.js';

const backends = kernelSets.map(({ instructionSet }) => `native-${instructionSet}`);

/** Random values of a shape, the same on every backend. */
function random(shape: number[], seed: number): Tensor {
  return tf.tensor(randomFloats(tf.util.sizeFromShape(shape), seed), shape);
}

async function valuesOn(backend: string, compute: () => Tensor[]): Promise<{ shape: number[]; values: number[] }[]> {
  await tf.setBackend(backend);
  return tf.tidy(compute).map((tensor) => {
    const values = Array.from(tensor.dataSync());
    tensor.dispose();
    return { shape: tensor.shape, values };
  });
}

interface TfjsCase {
  name: string;
  inputs: number[][];
  f: (...inputs: Tensor[]) => Tensor;
}

const conv2d =
  (...rest: [strides: number | [number, number], pad: 'same' | 'valid' | number | tf.backend_util.ExplicitPadding]) =>
  (x: Tensor, filter: Tensor): Tensor =>
    tf.conv2d(x as Tensor4D, filter as Tensor4D, ...rest);

const CASES: TfjsCase[] = [
  {
    name: 'conv2d 3x3 same',
    inputs: [
      [2, 5, 7, 3],
      [3, 3, 3, 5],
    ],
    f: conv2d(1, 'same'),
  },
  {
    name: 'conv2d 4x4 stride 2 same',
    inputs: [
      [2, 7, 5, 3],
      [4, 4, 3, 5],
    ],
    f: conv2d(2, 'same'),
  },
  {
    name: 'conv2d 3x2 valid',
    inputs: [
      [1, 5, 7, 4],
      [3, 2, 4, 2],
    ],
    f: conv2d(1, 'valid'),
  },
  {
    name: 'conv2d explicit padding',
    inputs: [
      [1, 5, 6, 3],
      [3, 3, 3, 2],
    ],
    f: conv2d(1, [
      [0, 0],
      [2, 0],
      [1, 1],
      [0, 0],
    ]),
  },
  {
    name: 'conv2d strides 2x1 (tfjs)',
    inputs: [
      [1, 5, 6, 3],
      [3, 3, 3, 2],
    ],
    f: conv2d([2, 1], 'same'),
  },
  {
    name: 'conv2dTranspose 4x4 stride 2 to an odd size',
    inputs: [
      [2, 4, 3, 5],
      [4, 4, 2, 5],
    ],
    f: (dy, filter) => tf.conv2dTranspose(dy as Tensor4D, filter as Tensor4D, [2, 7, 6, 2], 2, 'same'),
  },
  {
    name: 'matMul',
    inputs: [
      [5, 7],
      [7, 3],
    ],
    f: (a, b) => tf.matMul(a, b),
  },
  {
    name: 'matMul transposed',
    inputs: [
      [7, 5],
      [3, 7],
    ],
    f: (a, b) => tf.matMul(a, b, true, true),
  },
  {
    name: 'matMul of batches',
    inputs: [
      [3, 4, 5],
      [3, 5, 2],
    ],
    f: (a, b) => tf.matMul(a, b),
  },
  { name: 'relu', inputs: [[3, 40, 40]], f: (x) => tf.relu(x) },
  { name: 'relu in one pass', inputs: [[3, 40, 40]], f: (x) => relu(x) },
  {
    name: 'add of equal shapes',
    inputs: [
      [3, 4],
      [3, 4],
    ],
    f: (a, b) => tf.add(a, b),
  },
  { name: 'add of a bias', inputs: [[2, 3, 4], [4]], f: (a, b) => tf.add(a, b) },
  { name: 'add of a bias first', inputs: [[4], [2, 3, 4]], f: (a, b) => tf.add(a, b) },
  { name: 'add of a scalar', inputs: [[2, 3], []], f: (a, b) => tf.add(a, b) },
  {
    name: 'multiply by one value of as many axes',
    inputs: [
      [2, 3],
      [1, 1],
    ],
    f: (a, b) => tf.mul(a, b),
  },
  {
    name: 'multiply one value by others',
    inputs: [
      [1, 1],
      [2, 3],
    ],
    f: (a, b) => tf.mul(a, b),
  },
  { name: 'multiply by one value of more axes (tfjs)', inputs: [[3], [1, 1]], f: (a, b) => tf.mul(a, b) },
  {
    name: 'add of a column (tfjs)',
    inputs: [
      [2, 3],
      [2, 1],
    ],
    f: (a, b) => tf.add(a, b),
  },
  {
    name: 'multiply',
    inputs: [
      [3, 4],
      [3, 4],
    ],
    f: (a, b) => tf.mul(a, b),
  },
  { name: 'multiply with a row', inputs: [[3, 4], [4]], f: (a, b) => tf.mul(a, b) },
  { name: 'difference from a row', inputs: [[3, 4], [4]], f: (a, b) => tf.sub(a, b) },
  { name: 'difference of a row (tfjs)', inputs: [[4], [3, 4]], f: (a, b) => tf.sub(a, b) },
  { name: 'quotient', inputs: [[3, 4], []], f: (a, b) => tf.div(a, tf.add(b, 2)) },
  {
    name: 'difference',
    inputs: [
      [3, 4],
      [3, 4],
    ],
    f: (a, b) => tf.sub(a, b),
  },
  {
    name: 'concatenation of the last axis',
    inputs: [
      [2, 3, 4],
      [2, 3, 1],
    ],
    f: (a, b) => tf.concat([a, b], 2),
  },
  {
    name: 'concatenation of an inner axis',
    inputs: [
      [2, 3, 4],
      [2, 1, 4],
    ],
    f: (a, b) => tf.concat([a, b], 1),
  },
  {
    name: 'concatenation of three',
    inputs: [
      [3, 4],
      [2, 4],
      [1, 4],
    ],
    f: (a, b, c) => tf.concat([a, b, c], 0),
  },
  {
    name: 'concatenation of nine',
    inputs: [
      [3, 4],
      [3, 1],
    ],
    f: (a, b) => tf.concat([a, b, a, a, b, b, a, b, a], 1),
  },
  {
    name: 'multiply with a value of each image',
    inputs: [
      [3, 4, 2],
      [3, 1, 1],
    ],
    f: (a, b) => tf.mul(a, b),
  },
  {
    name: 'difference from a value of each image',
    inputs: [
      [3, 4, 2],
      [3, 1, 1],
    ],
    f: (a, b) => tf.sub(a, b),
  },
  {
    name: 'stack',
    inputs: [
      [2, 3, 4],
      [2, 3, 4],
    ],
    f: (a, b) => tf.stack([a, b], 3),
  },
  {
    name: 'stack of an inner axis',
    inputs: [
      [2, 3, 4],
      [2, 3, 4],
    ],
    f: (a, b) => tf.stack([a, b], 1),
  },
  { name: 'an image mirrored', inputs: [[2, 3, 4, 5]], f: (x) => tf.reverse(x, 2) },
  { name: 'reversed along the last axis', inputs: [[2, 3]], f: (x) => tf.reverse(x, -1) },
  { name: 'reversed along two axes (tfjs)', inputs: [[2, 3]], f: (x) => tf.reverse(x, [0, 1]) },
  { name: 'sum of leading axes', inputs: [[2, 3, 4]], f: (x) => tf.sum(x, [0, 1]) },
  { name: 'sum of leading axes, kept', inputs: [[2, 3, 4]], f: (x) => tf.sum(x, [0, 1], true) },
  { name: 'sum of everything', inputs: [[2, 3, 4]], f: (x) => tf.sum(x) },
  { name: 'sum of the last axis (tfjs)', inputs: [[2, 3, 4]], f: (x) => tf.sum(x, 2) },
  { name: 'softmax (tfjs)', inputs: [[2, 3]], f: (x) => tf.softmax(x) },
];

describe.each(backends)('tfjs on %s', (backend) => {
  test.each(CASES)('$name and its gradients equal those on cpu', async ({ inputs, f }) => {
    const compute = (): Tensor[] => {
      const tensors = inputs.map((shape, i) => random(shape, i + 1));
      const y = f(...tensors);
      return [y, ...tf.grads(f)(tensors, random(y.shape, 9))];
    };
    const expected = await valuesOn('cpu', compute);
    const received = await valuesOn(backend, compute);
    expected.forEach(({ shape, values }, i) => {
      expect(received[i].shape).toEqual(shape);
      const errors = values.map((value, j) => Math.abs(value - received[i].values[j]));
      expect(Math.max(...errors)).toBeLessThan(5e-5);
    });
  });

  test('a bool or int32 tensor behind a cast, and int32 arithmetic, equal those on cpu', async () => {
    const compute = (): Tensor[] => {
      const x = random([4, 4], 1);
      const mask = tf.cast(tf.greater(x, 0), 'float32');
      const ints = tf.tensor1d([1, 2, 3, 4], 'int32');
      return [tf.mul(x, mask), tf.add(tf.cast(ints, 'float32'), x), tf.add(ints, ints), tf.sum(ints)];
    };
    expect(await valuesOn(backend, compute)).toEqual(await valuesOn('cpu', compute));
  });

  test('a step of training frees what it used', async () => {
    await tf.setBackend(backend);
    const step = (): void =>
      tf.tidy(() => {
        const loss = (w: Tensor): Tensor1D => tf.sum(tf.relu(conv2d(1, 'same')(random([1, 5, 5, 3], 1), w)));
        tf.grad(loss)(random([3, 3, 3, 4], 2));
      });
    step();
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    step();
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
  });
});

describe.each([...new Set(['native-wasm', fastest])])('pooled memory of %s', (backend) => {
  const SIZE = 4096;
  beforeEach(() => tf.setBackend(backend));

  /** A tensor whose memory is the pool's. */
  const pooled = (seed: number): Tensor1D => tf.tidy(() => tf.relu(random([SIZE], seed)) as Tensor1D);
  /** Takes and overwrites what the pool has idle. */
  const overwriteIdle = (): void => tf.tidy(() => [7, 8, 9].forEach(pooled));
  const idleBytes = (): number => (tf.backend() as NativeBackend).pool.idleBytes;

  test('memory of a disposed tensor is used by the next of its size', () => {
    overwriteIdle();
    const before = idleBytes();
    const x = pooled(1);
    expect(idleBytes()).toBe(before - 4 * SIZE);
    const y = x.clone();
    x.dispose();
    expect(idleBytes()).toBe(before - 4 * SIZE);
    y.dispose();
    expect(idleBytes()).toBe(before);
  });

  test.each([
    ['short runs', [40, 20, 5], 2],
    ['long runs', [4, 20, 50], 0],
    ['long runs in each of some rows', [4, 20, 50], 1],
  ] as const)(
    'parts of %s are those of the rows, joined they are the whole, and its negative has other signs',
    (_, [...shape], axis) => {
      const x = random([...shape], 3);
      const sizes = [1, shape[axis] - 3, 2];
      const parts = tf.split(x, sizes, axis);
      const strides = [shape[1] * shape[2], shape[2], 1];
      let first = 0;
      parts.forEach((part, k) => {
        const of = part.arraySync() as number[][][];
        of.forEach((plane, i) =>
          plane.forEach((row, j) =>
            row.forEach((value, l) => {
              const place = [i, j, l];
              place[axis] += first;
              expect(value).toBe(x.dataSync()[place.reduce((sum, at, side) => sum + at * strides[side], 0)]);
            }),
          ),
        );
        first += sizes[k];
      });
      expect(Array.from(tf.concat(parts, axis).dataSync())).toEqual(Array.from(x.dataSync()));
      expect(Array.from(tf.neg(x).dataSync())).toEqual(Array.from(x.dataSync(), (value) => -value));
    },
  );

  test.each<[string, (x: Tensor1D) => Tensor]>([
    ['slice', (x) => tf.slice(x, 100, 3000)],
    ['unstack', (x) => tf.unstack(tf.reshape(x, [2, SIZE / 2]))[1]],
    ['stridedSlice', (x) => tf.stridedSlice(x, [10], [3000], [1])],
    ['split', (x) => tf.split(x, 2)[1]],
    ['reshape', (x) => tf.reshape(x, [64, 64])],
    ['expandDims', (x) => tf.expandDims(x)],
    ['cast', (x) => tf.cast(x, 'float32')],
    ['clone', (x) => tf.clone(x)],
    ['pad of nothing', (x) => tf.pad(x, [[0, 0]])],
    ['concat of one', (x) => tf.concat([x])],
    ['reverse', (x) => tf.reverse(x)],
    ['transpose', (x) => tf.transpose(x)],
    ['a variable', (x) => tf.variable(x)],
  ])('what %s gives survives the disposal of its source', (_name, take) => {
    const x = pooled(1);
    const y = tf.tidy(() => take(x));
    const expected = Array.from(y.dataSync());
    x.dispose();
    overwriteIdle();
    expect(Array.from(y.dataSync())).toEqual(expected);
    y.dispose();
  });

  test('arrays of dataSync, data and bufferSync never change later, and changing them changes no tensor', async () => {
    const x = pooled(1);
    const arrays = [x.dataSync(), await x.data(), x.bufferSync().values];
    const expected = Array.from(arrays[0]);
    arrays[0].fill(-1);
    expect(Array.from(x.dataSync())).toEqual(expected);
    x.dispose();
    overwriteIdle();
    expect(Array.from(arrays[1])).toEqual(expected);
    expect(Array.from(arrays[2])).toEqual(expected);
  });

  test('an array given by the user stays the user’s', () => {
    const values = randomFloats(SIZE, 1);
    const expected = Array.from(values);
    tf.tensor1d(values).dispose();
    overwriteIdle();
    expect(Array.from(values)).toEqual(expected);
  });

  test('a tensor survives a move to another backend', async () => {
    const x = pooled(1);
    const expected = Array.from(x.dataSync());
    await tf.setBackend('cpu');
    const y = tf.add(x, 0);
    await tf.setBackend(backend);
    overwriteIdle();
    expect(Array.from(y.dataSync())).toEqual(expected);
    tf.dispose([x, y]);
  });
});
