import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { addMoved } from '../../src/backend/element-wise.js';
import { randomFloats } from '../random.js';
import { bf16Sets, describeEach, kernelSets } from './implementations.js';
import { testKernel } from './kernel-suite.js';

/** Around the widths of vectors; the last one is shared by threads. */
const LENGTHS = [1, 3, 5, 16, 17, 48, 1000, 70_001];

const cases = LENGTHS.map((count) => {
  const a = randomFloats(count, 1);
  const b = randomFloats(count, 2);
  return { name: `${count} values`, numbers: { count }, inputs: { a, b, x: a, dy: b } };
});
const short = LENGTHS.filter((length) => length <= 1000);
const each = <T, R>(values: readonly T[], make: (length: number, value: T) => R) =>
  short.flatMap((length) => values.map((value) => make(length, value)));

const runRelu = testKernel('relu', {
  tolerance: 0,
  cases,
  reference: (_, { x }) => ({ out: Float64Array.from(x, (value) => (value > 0 ? value : 0)) }),
  tensors: (_, { x }) => ({ out: tf.relu(x) }),
});

describeEach((implementation) =>
  test('what is not a number stays so behind a ReLU', () => {
    const { out } = runRelu(implementation, { count: 50 }, { x: new Float32Array(50).fill(NaN) });
    expect(out.every(Number.isNaN)).toBe(true);
  }),
);

testKernel('reluGradient', {
  tolerance: 0,
  cases,
  reference: (_, { x, dy }) => ({ dx: Float64Array.from(dy, (value, i) => (x[i] > 0 ? value : 0)) }),
  tensors: (_, { x, dy }) => ({ dx: tf.grad((input) => tf.relu(input))(x, dy) }),
});

const pairwise = {
  add: { of: (a: number, b: number) => a + b, tensors: tf.add },
  subtract: { of: (a: number, b: number) => a - b, tensors: tf.sub },
  multiply: { of: (a: number, b: number) => a * b, tensors: tf.mul },
  divide: { of: (a: number, b: number) => a / b, tensors: tf.div },
};

for (const [name, { of, tensors }] of Object.entries(pairwise))
  testKernel(name as keyof typeof pairwise, {
    tolerance: 1e-7,
    cases: [
      ...cases.map(({ name, numbers: { count }, inputs }) => ({ name, numbers: { count, period: count }, inputs })),
      ...each([1, 3, 16, 50], (period, rows) => ({
        name: `${period} values repeated over ${rows} rows`,
        numbers: { count: rows * period, period },
        inputs: { a: randomFloats(rows * period, 3), b: randomFloats(period, 2) },
      })),
    ],
    reference: ({ period }, { a, b }) => ({ out: Float64Array.from(a, (value, i) => of(value, b[i % period])) }),
    tensors: ({ count, period }, { a, b }) => ({ out: tensors(tf.reshape(a, [count / period, period]), b) }),
    refusals: [['a period that does not divide', { period: 2 }, `${name}: count / period: expected an integer`]],
    sameBits: 'all',
  });

testKernel('addMoved', {
  tolerance: 1e-7,
  cases: each([-1, 0, 2], (length, offset) => {
    const inputs = { a: randomFloats(3 * length, 4), b: randomFloats(3 * length, 5) };
    const numbers = { batch: 3, length, offset };
    return [
      { name: `${length} values moved by ${offset}`, numbers, inputs },
      { name: `${length} values moved by ${offset}, alone`, numbers, inputs: { ...inputs, a: null } },
    ];
  }).flat(),
  reference: ({ length, offset }, { a, b }) => ({
    out: Float64Array.from(b, (_, i) => {
      const from = (i % length) - offset;
      return (a === null ? 0 : a[i]) + (from >= 0 && from < length ? b[i - offset] : 0);
    }),
  }),
  tensors({ batch, length, offset }, { a, b }) {
    // Rows of one pixel with one feature: an offset is then so many rows.
    const size: [number, number, number, number] = [batch, length, 1, 1];
    return { out: addMoved(a && tf.reshape(a, size), tf.reshape(b, size), offset) };
  },
});

const WIDTHS = [
  [1, 0, 0, 0],
  [3, 1, 0, 0],
  [2, 0, 5, 0],
  [32, 3, 17, 130],
] as const;

testKernel('concatRows', {
  tolerance: 0,
  cases: each(WIDTHS, (rows, [columnsA, columnsB, columnsC, columnsD]) => {
    const values = (width: number, seed: number) => (width === 0 ? null : randomFloats(rows * width, seed));
    return {
      name: `${rows} rows of ${columnsA}, ${columnsB}, ${columnsC} and ${columnsD}`,
      numbers: { rows, columnsA, columnsB, columnsC, columnsD },
      inputs: {
        a: randomFloats(rows * columnsA, 1),
        b: values(columnsB, 2),
        c: values(columnsC, 3),
        d: values(columnsD, 4),
      },
    };
  }),
  reference: ({ rows, columnsA, columnsB, columnsC, columnsD }, { a, b, c, d }) => {
    const parts = [
      { from: a, width: columnsA },
      { from: b ?? [], width: columnsB },
      { from: c ?? [], width: columnsC },
      { from: d ?? [], width: columnsD },
    ];
    const rowOf = (row: number) =>
      parts.flatMap(({ from, width }) => Array.from({ length: width }, (_, j) => from[row * width + j]));
    return { out: Array.from({ length: rows }, (_, row) => rowOf(row)).flat() };
  },
  tensors: (_, { a, b, c, d }) => ({
    out: tf.concat(
      [a, b, c, d].filter((part) => part !== null),
      1,
    ),
  }),
});

const SLICES = [
  { columns: 1, first: 0, length: 1 },
  { columns: 7, first: 2, length: 3 },
  { columns: 40, first: 33, length: 7 },
  { columns: 150, first: 1, length: 149 },
];

testKernel('sliceRows', {
  tolerance: 0,
  cases: each(SLICES, (rows, slice) => ({
    name: `${slice.length} of ${slice.columns} columns of ${rows} rows`,
    numbers: { rows, ...slice },
    inputs: { x: randomFloats(rows * slice.columns, 3) },
  })),
  reference: ({ rows, columns, first, length }, { x }) => ({
    out: Array.from({ length: rows * length }, (_, at) => x[Math.floor(at / length) * columns + first + (at % length)]),
  }),
  tensors: ({ columns, first, length }, { x }) => ({
    out: tf.split(x as Tensor2D, [first, length, columns - first - length], 1)[1],
  }),
  refusals: [
    ['a slice past the last column', { first: 1000 }, 'sliceRows: columns - first - length: expected an integer'],
  ],
});

testKernel('sumRows', {
  tolerance: 5e-6,
  cases: each([1, 3, 16, 50], (columns, rows) => ({
    name: `${rows} rows of ${columns}`,
    numbers: { rows, columns },
    inputs: { x: randomFloats(rows * columns, 3) },
  })),
  reference({ columns }, { x }) {
    const out = new Float64Array(columns);
    for (let i = 0; i < x.length; i++) out[i % columns] += x[i];
    return { out };
  },
  tensors: (_, { x }) => ({ out: tf.sum(x, 0) }),
});

testKernel('multiplyAdds', {
  tolerance: 3e-7,
  cases: each([0, 1, 30], (count, rounds) => ({
    name: `${count} values, ${rounds} rounds`,
    numbers: { rounds, count },
    inputs: { x: randomFloats(count, 1) },
  })),
  reference: ({ rounds }, { x }) => ({
    out: Float64Array.from(x, (value) => {
      for (let round = 0; round < rounds; round++) value = value / 2 + 1;
      return value;
    }),
  }),
});

(bf16Sets.length > 0 ? test.each(bf16Sets) : test.skip.each([{ instructionSet: 'avx512' as const }]))(
  'in bf16 multiply-adds come to 2, as in float32: $instructionSet',
  ({ instructionSet }) => {
    const kernels = bf16Sets.find((set) => set.instructionSet === instructionSet)!;
    const out = new Float32Array(50).fill(NaN);
    kernels.multiplyAdds({ rounds: 30, count: 50 }, { x: new Float32Array(50), out });
    for (const sum of out) expect(Math.abs(sum - 2)).toBeLessThan(2 ** -7);
  },
);

test.each(kernelSets)('$instructionSet is done at once with 2^31 - 1 rows of no number', (kernels) => {
  const none = () => new Float32Array(0);
  const began = performance.now();
  kernels.addMoved({ batch: 2 ** 31 - 1, length: 0, offset: 1 }, { a: none(), b: none(), out: none() });
  kernels.sumRows({ rows: 2 ** 31 - 1, columns: 0 }, { x: none(), out: none() });
  expect(performance.now() - began).toBeLessThan(1000);
});
