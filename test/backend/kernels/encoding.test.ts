import { kernelSets } from '../implementations.js';
import { randomFloats, randomInts } from '../../random.js';

const TOTAL = 2 ** 30;
const mixture = { headKind: 2, components: 3, meanScale: 16, together: false };
const softmax = { headKind: 0, components: 0, meanScale: 0, together: false };
const sigmoid = { ...softmax, headKind: 1 };

/** Of grey pixels with these outputs, after one another. */
function encoded(
  head: typeof mixture,
  levels: number,
  outputs: Float32Array,
  targets: Int16Array,
  set = kernelSets[0],
) {
  const pixels = targets.length;
  const capacity = 4 * pixels + 8;
  const bytes = new Uint8Array(capacity);
  const length = new Int32Array(1);
  const intervals = new Uint32Array(2 * pixels);
  const numbers = {
    ...head,
    pixels,
    colours: 1,
    outFeatures: outputs.length / pixels,
    levels,
    anchorCount: 1,
    capacity,
  };
  const anchors = new Float32Array(pixels).fill((levels - 1) / 2);
  set.encoding(numbers, { outputs, anchors, targets, written: null, bytes, length, intervals });
  return { bytes: bytes.subarray(0, Math.max(0, length[0])), length: length[0], intervals };
}

/** Every level once, at a pixel of the same outputs. */
function countsOf(
  head: typeof mixture,
  outputs: readonly number[],
  levels: number,
): { starts: number[]; counts: number[] } {
  const all = Float32Array.from({ length: levels * outputs.length }, (_, at) => outputs[at % outputs.length]);
  const { intervals } = encoded(
    head,
    levels,
    all,
    Int16Array.from({ length: levels }, (_, level) => level),
  );
  const column = (of: number) => Array.from({ length: levels }, (_, level) => intervals[2 * level + of]);
  return { starts: column(0), counts: column(1) };
}

test.each([
  ['softmax', softmax, 16, [...randomFloats(16, 1)].map((x) => 9 * x)],
  ['softmax that is sure', softmax, 4, [300, -300, 0, -1000]],
  ['sigmoid', sigmoid, 2, [1.5]],
  ['sigmoid that is sure', sigmoid, 2, [-800]],
  ['mixture', mixture, 256, [0.2, -1, 0.5, 1, -2, 0.1, -1, 0, 1]],
  ['mixture of narrow logistics beyond the levels', mixture, 256, [0, 0, 0, 50, -50, 0, -100, -100, -100]],
  ['mixture of two levels', mixture, 2, [0, 1, 2, 0, 0, 0, 1, 2, 3]],
])('counts of a %s fill 2^30 without a gap, one for each level at least', (_, head, levels, outputs) => {
  const { starts, counts } = countsOf(head, outputs, levels);
  expect(starts).toEqual(counts.map((__, level) => counts.slice(0, level).reduce((a, b) => a + b, 0)));
  expect(counts.reduce((a, b) => a + b, 0)).toBe(TOTAL);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
});

test('counts are the probabilities of a softmax, a sigmoid and a mixture of discretised logistics', () => {
  const close = (counts: number[], probabilities: number[]) =>
    counts.forEach((count, level) =>
      expect(Math.abs(count / TOTAL - probabilities[level])).toBeLessThan((2 * counts.length + 2) / TOTAL),
    );
  const logits = [...randomFloats(16, 2)].map((x) => 5 * x);
  const sum = logits.reduce((total, x) => total + Math.exp(x), 0);
  close(
    countsOf(softmax, logits, 16).counts,
    logits.map((x) => Math.exp(x) / sum),
  );
  close(countsOf(sigmoid, [0.75], 2).counts, [1 / (1 + Math.exp(0.75)), 1 / (1 + Math.exp(-0.75))]);
  const weights = [0.5, -1, 0.25];
  const offsets = [1, -2, 0.5];
  const scales = [0.5, 1, -0.5];
  const shares = weights.map((x) => Math.exp(x) / weights.reduce((total, y) => total + Math.exp(y), 0));
  const below = (edge: number) =>
    shares.reduce((total, share, k) => {
      const z = (edge - (127.5 + 16 * offsets[k])) / Math.exp(scales[k] + Math.log(3));
      return total + share / (1 + Math.exp(-z));
    }, 0);
  const parts = Array.from({ length: 256 }, (_, level) => {
    return (level === 255 ? 1 : below(level + 0.5)) - (level === 0 ? 0 : below(level - 0.5));
  });
  close(countsOf(mixture, [...weights, ...offsets, ...scales], 256).counts, parts);
});

test.each(kernelSets.map((set) => [set.instructionSet, set] as const))(
  'the bytes of %s lie in the range of what they stand for, by whole numbers of any size, and no fewer would',
  (_, set) => {
    const pixels = 20_000;
    // Many levels are nearly sure, so that carries run far.
    const outputs = randomFloats(9 * pixels, 3).map((x, at) => x * [1, 3, 9][at % 3]);
    const { bytes, intervals } = encoded(mixture, 256, outputs, Int16Array.from(randomInts(pixels, 256, 4)), set);
    // The first 64 bits of what is left of the bytes, beside the range that they are to lie in.
    let low = 0n;
    let range = (1n << 64n) - 1n;
    let value = 0n;
    for (let at = 0; at < 8; at++) value = (value << 8n) | BigInt(bytes[at] ?? 0);
    let next = 8;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const unit = range >> 30n;
      low += unit * BigInt(intervals[2 * pixel]);
      range = unit * BigInt(intervals[2 * pixel + 1]);
      if (!(low <= value && value < low + range)) throw new Error(`pixel ${pixel} is outside`);
      // What both have in front is gone.
      [low, value] = [0n, value - low];
      while (range < 1n << 56n) {
        range <<= 8n;
        value = (value << 8n) | BigInt(bytes[next++] ?? 0);
      }
    }
    expect(bytes.length).toBeGreaterThan(pixels / 2);
    // Without the last byte, zeros would be read in its place.
    const ending = bytes.length - (next - 8);
    const shift = BigInt(8 * (8 - ending));
    expect(value - (BigInt(bytes.at(-1)!) << shift) < 0n || ending <= 0).toBe(true);
  },
);

test('sub-pixels that are known are not written, and outputs that are not finite are said', () => {
  const outputs = new Float32Array(9 * 4).fill(1);
  const targets = Int16Array.of(1, 2, 3, 4);
  const bytes = new Uint8Array(24);
  const length = new Int32Array(1);
  const intervals = new Uint32Array(8);
  const numbers = { ...mixture, pixels: 4, colours: 1, outFeatures: 9, levels: 256, anchorCount: 1, capacity: 24 };
  const written = Uint8Array.of(0, 1, 0, 1);
  const anchors = new Float32Array(4);
  kernelSets[0].encoding(numbers, { outputs, anchors, targets, written, bytes, length, intervals });
  expect([0, 1, 2, 3].map((pixel) => intervals[2 * pixel + 1] > 0)).toEqual([false, true, false, true]);
  expect(encoded(mixture, 256, outputs.fill(NaN), targets).length).toBe(-1);
});

test.each([
  ['fewer outputs than a softmax reads', { ...softmax, outFeatures: 8 }, 'outputs beyond those of the head'],
  ['fewer outputs than a mixture reads', { ...mixture, outFeatures: 8, levels: 9 }, 'outputs beyond those of the head'],
  ['a sigmoid of more than two levels', { ...sigmoid, outFeatures: 9 }, 'levels that the head lacks'],
  ['a mixture of no component', { ...mixture, components: 0 }, 'components beyond the first'],
  ['room for fewer bytes than may be written', { ...softmax, capacity: 23 }, 'bytes beyond 4 a sub-pixel and 8'],
  ['an unknown head', { ...softmax, headKind: 4 }, 'headKind'],
])('%s is refused before anything is written', (_, changes, argument) => {
  const numbers = { ...softmax, pixels: 4, colours: 1, outFeatures: 9, levels: 9, anchorCount: 1, capacity: 24 };
  const asked = { ...numbers, ...changes };
  const arrays = {
    outputs: new Float32Array(4 * asked.outFeatures),
    anchors: new Float32Array(4),
    targets: new Int16Array(4),
    written: null,
    bytes: new Uint8Array(asked.capacity).fill(7),
    length: new Int32Array(1),
    intervals: null,
  };
  for (const kernels of kernelSets)
    expect(() => kernels.encoding(asked, arrays)).toThrow(
      expect.objectContaining({ code: 'USAGE', parts: expect.objectContaining({ argument }) as object }) as Error,
    );
  expect(arrays.bytes.every((byte) => byte === 7)).toBe(true);
});
