import { PxvError } from '../../src/errors.js';
import { kernelMemory, ProductMemory } from '../../src/backend/typescript/product-memory.js';
import { BLOCK, TILE } from '../../src/backend/typescript/tile.js';
import { typescriptKernels } from '../../src/backend/typescript-kernels.js';
import { randomFloats, randomInts } from '../random.js';
import { CONVOLUTIONS } from './cases.js';

/** Float32 values in a memory, and where they begin. */
function place(memory: ProductMemory, values: Float32Array): number {
  const at = memory.allot(values.length);
  memory.values.set(values, at);
  return at;
}

/** Where so many sums are to be written; what a kernel forgets to write is seen. */
function unwritten(memory: ProductMemory, length: number): number {
  const at = memory.allot(length);
  memory.values.fill(NaN, at, at + length);
  return at;
}

interface Tap {
  offset: number;
  count: number;
}

/** What multiplyTaps gives, and the same from plain loops; `pixels` of an image of 900 values. */
function tapSums(memory: ProductMemory, count: number, taps: Tap[], reversed = false): [Float64Array, Float64Array] {
  const full = TILE * Math.ceil(count / TILE);
  const steps = taps.reduce((sum, tap) => sum + tap.count, 0);
  const [x, weights] = [randomFloats(900, 1), randomFloats(TILE * steps, 2)];
  const pixels = randomInts(full, 400, 3);
  const list = Int32Array.from(taps.flatMap((tap) => [tap.offset, tap.count]));
  memory.clear();
  const places = [memory.allotList(pixels), memory.allotList(list)];
  const [xAt, weightsAt] = [place(memory, x), place(memory, weights)];
  const sums = unwritten(memory, full * TILE);
  memory.multiplyTaps(xAt, places[0], count, places[1], taps.length, weightsAt, sums);
  const expected = new Float64Array(full * TILE);
  pixels.forEach((pixel, p) => {
    const read = taps.flatMap((tap) => Array.from({ length: tap.count }, (_, k) => x[pixel + tap.offset + k]));
    const inOrder = [...read.entries()];
    if (reversed) inOrder.reverse();
    for (let o = 0; o < TILE; o++)
      for (const [step, value] of inOrder) expected[p * TILE + o] += value * weights[step * TILE + o];
  });
  return [memory.values.slice(sums, sums + full * TILE), expected];
}

const taps: Tap[] = [
  { offset: 0, count: 7 },
  { offset: 301, count: 1 },
  { offset: 13, count: 0 },
  { offset: 250, count: 96 },
];

test.each([
  { count: 1, name: 'some taps', list: taps },
  { count: 4, name: 'some taps', list: taps },
  { count: 23, name: 'two taps', list: taps.slice(0, 2) },
  { count: 5, name: 'no taps', list: [] },
  { count: 0, name: 'some taps', list: taps },
])('products with $name of pixels, $count of them, have the bits of plain loops', ({ count, list }) => {
  const [received, expected] = tapSums(new ProductMemory(), count, list);
  expect(received).toEqual(expected);
});

test('sums in another order have other bits', () => {
  const [received, expected] = tapSums(new ProductMemory(), 23, taps, true);
  expect(received).not.toEqual(expected);
});

test.each([
  { rows: 1, columns: 1 },
  { rows: 3, columns: 5 },
  { rows: 0, columns: 5 },
])('outer products of $rows rows of $columns are added with the bits of plain loops', ({ rows, columns }) => {
  const [xRow, xStep] = [71, 9];
  const [x, y, before] = [randomFloats(300, 1), randomFloats(TILE * rows * columns, 2), randomFloats(TILE * TILE, 3)];
  const memory = new ProductMemory();
  const places = [place(memory, x), place(memory, y), place(memory, before)];
  memory.addOuterProducts(places[0], xRow, xStep, places[1], rows, columns, places[2]);
  const expected = Float64Array.from(before);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      for (let i = 0; i < TILE; i++)
        for (let o = 0; o < TILE; o++)
          expected[TILE * i + o] += x[r * xRow + c * xStep + i] * y[TILE * (r * columns + c) + o];
  expect(memory.values.slice(places[2], places[2] + TILE * TILE)).toEqual(expected);
});

test.each([
  { inputs: 1, blocks: 1 },
  { inputs: 97, blocks: 3 },
  { inputs: 0, blocks: 2 },
])('products of one pixel, $inputs inputs and $blocks blocks, have the bits of plain loops', ({ inputs, blocks }) => {
  const [x, weights] = [randomFloats(inputs, 1), randomFloats(inputs * blocks * BLOCK, 2)];
  const memory = new ProductMemory();
  const [xAt, weightsAt] = [place(memory, x), place(memory, weights)];
  const sums = unwritten(memory, blocks * BLOCK);
  memory.multiplyPixel(xAt, inputs, weightsAt, sums, blocks);
  const expected = new Float64Array(blocks * BLOCK);
  for (let block = 0; block < blocks; block++)
    for (let k = 0; k < inputs; k++)
      for (let o = 0; o < BLOCK; o++) expected[block * BLOCK + o] += x[k] * weights[(block * inputs + k) * BLOCK + o];
  expect(memory.values.slice(sums, sums + blocks * BLOCK)).toEqual(expected);
});

/** Float32 values in a memory, as they are, with a tile's room after them. */
function placeFloats(memory: ProductMemory, values: Float32Array): number {
  const at = memory.allotFloats(values.length + TILE);
  memory.floats.set(values, at);
  return at;
}

describe.each([1, 2, 3, 4])('sums of tiles, %d outputs of each', (width) => {
  test.each([
    { passed: false, added: false },
    { passed: false, added: true },
    { passed: true, added: false },
    { passed: true, added: true },
  ])('are stored with a bias, passed: $passed, added: $added', ({ passed, added }) => {
    const targets = Int32Array.of(0, 21, 9, 4, 16);
    const length = 26;
    const [sums, bias] = [randomFloats(TILE * targets.length, 1), randomFloats(TILE, 2)];
    const [passes, plus] = [randomFloats(length, 3), randomFloats(length, 4)];
    passes[21] = 0;
    const memory = new ProductMemory();
    const list = memory.allotList(targets);
    const [sumsAt, biasAt] = [place(memory, sums), place(memory, bias)];
    const [passesAt, plusAt] = [placeFloats(memory, passes), placeFloats(memory, plus)];
    const out = placeFloats(memory, new Float32Array(length).fill(NaN));
    const both = [passed ? passesAt : null, added ? plusAt : null] as const;
    memory.storeSums(sumsAt, list, targets.length, biasAt, ...both, out, width);
    const expected = new Float32Array(length).fill(NaN);
    targets.forEach((target, p) => {
      for (let o = 0; o < width; o++) {
        let value = sums[p * TILE + o] + bias[o];
        if (passed) value *= Number(passes[target + o] > 0);
        if (added) value += plus[target + o];
        expected[target + o] = value;
      }
    });
    expect(memory.floats.slice(out, out + length)).toEqual(expected);
  });
});

test('a memory that grows keeps what is in it, and products are the same before and after', () => {
  const memory = new ProductMemory();
  const [first, expected] = tapSums(memory, 23, taps);
  const { values } = memory;
  memory.clear();
  const at = place(memory, Float32Array.of(1, 2, 3));
  memory.allot(100_000);
  expect(values).toHaveLength(0);
  expect(memory.values.slice(at, at + 3)).toEqual(Float64Array.of(1, 2, 3));
  expect(memory.numbers).toHaveLength(2 * memory.values.length);
  const grown = memory.values;
  expect([first, tapSums(memory, 23, taps)[0]]).toEqual([expected, expected]);
  expect(memory.values).toBe(grown);
});

test('a memory of 4 GiB is refused', () => {
  const allot = (bytes: number) => () => new ProductMemory().allot(bytes / 8);
  expect(allot(2 ** 32)).toThrow(PxvError);
  expect(allot(2 ** 32)).toThrow(/expected less than 4096 MiB .*, received 4096 MiB/);
  expect(allot(2 ** 20)).not.toThrow();
});

test('a convolution is the same after larger and smaller ones', () => {
  const run = (): Float32Array[] =>
    CONVOLUTIONS.map(({ shape, batch }) => {
      const { kernel, inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures } = shape;
      const x = randomFloats(batch * inHeight * inWidth * inFeatures, 1);
      const weights = randomFloats(kernel.height * kernel.width * inFeatures * outFeatures, 2);
      const out = new Float32Array(batch * outHeight * outWidth * outFeatures);
      typescriptKernels.convolution(shape, batch, x, weights, null, null, false, out);
      return out;
    });
  const forward = run();
  expect(run()).toEqual(forward);
});

test.each([1, 2, 3, 5])(
  'a matrix product of %i rows does not write past what it was allotted, at the end of the memory',
  (rows) => {
    kernelMemory.clear();
    kernelMemory.allot(1);
    const all = kernelMemory.values.length;
    // So many inputs that rows, panel and sums, and the lists before them, end within a few values of the memory's end.
    const lists = (TILE * Math.ceil(rows / TILE)) / 2 + 1;
    const inputs = Math.floor((all - lists - rows * TILE) / (rows + TILE));
    const [a, b] = [randomFloats(rows * inputs, 1), randomFloats(inputs, 2)];
    const out = new Float32Array(rows);
    typescriptKernels.matMul(a, b, rows, 1, inputs, false, false, out);
    const expected = Array.from({ length: rows }, (_, row) =>
      b.reduce((sum, weight, k) => sum + a[row * inputs + k] * weight, 0),
    );
    expect(out).toEqual(Float32Array.from(expected));
  },
);
