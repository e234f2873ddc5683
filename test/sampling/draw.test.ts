import { Philox, philox4x32, randomStreams } from '../../src/foundation/philox.js';
import { noiseCounters, sampleIndices } from '../../src/sampling/draw.js';
import { drawLevel } from './draw-level.js';
import { uniform } from './uniform.js';

/** Known answers for philox4x32-10 published with the Random123 library (kat_vectors). */
const knownAnswers: { counter: number[]; key: number[]; block: number[] }[] = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    block: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    block: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    block: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

test.each(knownAnswers)('Philox gives the published block for counter $counter under key $key', (known) => {
  const out = new Uint32Array(4);
  philox4x32(Uint32Array.from(known.counter), Uint32Array.from(known.key), out);
  expect([...out]).toEqual(known.block);
});

const stream = { sample: 0, frame: 0, scale: 0 };

describe('noise', () => {
  test('has the seed as its key, the lower half first', () => {
    expect([...new Philox(0x299f31d0_a4093822n).key]).toEqual([0xa4093822, 0x299f31d0]);
    expect([...new Philox(42).key]).toEqual([42, 0]);
    expect([...new Philox(2n ** 64n - 1n).key]).toEqual([0xffffffff, 0xffffffff]);
  });

  test('gives an image the counter (sample, frame, position, channel + 256 scale)', () => {
    expect([...noiseCounters({ samples: [1], frame: 2 }, 3)]).toEqual([1, 2, 3 * 256]);
    const there = uniform(7, { sample: 1, frame: 2, scale: 1 }, 3, 2);
    expect(there).toBe(new Philox(7).uniform(1, 2, 3, 2 + 256));
  });

  test('of a number of samples is that of the first so many, and of each the frame that is its own', () => {
    expect([...noiseCounters({ samples: 2, frame: 5 }, 0)]).toEqual([0, 5, 0, 1, 5, 0]);
    expect([...noiseCounters({ samples: [4, 3], frame: [6, 7] }, 1)]).toEqual([4, 6, 256, 3, 7, 256]);
    expect(sampleIndices(3)).toEqual([0, 1, 2]);
    expect(sampleIndices([5, 0])).toEqual([5, 0]);
  });

  test('changes with each of sample, frame, scale, position and channel', () => {
    const draws = [
      uniform(0, stream, 0, 0),
      uniform(0, { ...stream, sample: 1 }, 0, 0),
      uniform(0, { ...stream, frame: 1 }, 0, 0),
      uniform(0, { ...stream, scale: 1 }, 0, 0),
      uniform(0, stream, 1, 0),
      uniform(0, stream, 0, 1),
    ];
    expect(new Set(draws).size).toBe(6);
  });

  test('is uniform: chi-square of 100,000 draws in 100 bins stays below its 99.99% quantile', () => {
    const bins = new Float64Array(100);
    for (let position = 0; position < 100_000; position++) bins[Math.floor(100 * uniform(2024, stream, position, 0))]++;
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(160.1);
  });

  test.each([-1, 0.5, NaN, 2 ** 53, 2n ** 64n, -1n])('refuses the seed %s', (seed) => {
    expect(() => new Philox(seed)).toThrow(
      expect.objectContaining({
        code: 'INPUT',
        message: expect.stringMatching(/seed: expected a whole number from 0 to 2\^64 - 1/) as string,
      }) as Error,
    );
  });
});

test('no two purposes share a counter, whatever the channel and the scale that are sampled', () => {
  const { sampling, ...others } = randomStreams;
  const words = [sampling, sampling + 1, sampling + 2, ...Object.values(others)];
  expect(new Set(words.map((word) => word % 256)).size).toBe(words.length);
});

function frequencies(probabilities: number[], temperature = 1, draws = 20_000): number[] {
  const counts = probabilities.map(() => 0);
  const weights = Float64Array.from(probabilities);
  for (let i = 0; i < draws; i++) counts[drawLevel(weights, weights.length, uniform(11, stream, i, 0), temperature)]++;
  return counts.map((count) => count / draws);
}

function expectClose(received: number[], expected: number[]): void {
  received.forEach((value, level) => expect(Math.abs(value - expected[level])).toBeLessThan(0.015));
}

describe('drawLevel', () => {
  test('takes the first level whose cumulative sum exceeds u', () => {
    const probabilities = Float64Array.of(0.25, 0.5, 0.25);
    const at = (u: number) => drawLevel(probabilities, 3, u, 1);
    expect([0.1, 0.2499, 0.25, 0.7499, 0.75, 0.9999].map(at)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('never returns a level of probability zero, at either end', () => {
    const probabilities = Float64Array.of(0, 0.5, 0, 0.5, 0);
    expect(drawLevel(probabilities, 5, 2 ** -33, 1)).toBe(1);
    expect(drawLevel(probabilities, 5, 0.5, 1)).toBe(3);
    expect(drawLevel(probabilities, 5, 1 - 2 ** -33, 1)).toBe(3);
  });

  test('reads only the first `levels` entries and does not need them normalised', () => {
    expect(drawLevel(Float64Array.of(3, 1, 1000), 2, 0.74, 1)).toBe(0);
    expect(drawLevel(Float64Array.of(3, 1, 1000), 2, 0.76, 1)).toBe(1);
  });

  test('draws with the given probabilities', () => {
    expectClose(frequencies([0.1, 0.2, 0.3, 0.4]), [0.1, 0.2, 0.3, 0.4]);
  });

  test('temperature 2 draws with the square roots of the probabilities, renormalised', () => {
    expectClose(frequencies([0.64, 0.32, 0.04], 2), [0.5109, 0.3613, 0.1277]);
  });

  test('temperature 1/2 draws with the squares of the probabilities, renormalised', () => {
    expectClose(frequencies([0.6, 0.3, 0.1], 0.5), [36 / 46, 9 / 46, 1 / 46]);
  });

  test.each([0, 1e-9, 1e-320])('temperature %d takes the most probable level whatever u is', (temperature) => {
    const probabilities = Float64Array.of(0.1, 0.2, 0.45, 0.25);
    for (const u of [0.01, 0.5, 0.99]) expect(drawLevel(probabilities, 4, u, temperature)).toBe(2);
  });

  test('temperature 0 takes the lower of two equally probable levels', () => {
    expect(drawLevel(Float64Array.of(0.2, 0.4, 0.4), 3, 0.9, 0)).toBe(1);
  });

  test('a call with many levels leaves nothing behind for a call with few', () => {
    const many = new Float64Array(256).fill(1 / 256);
    drawLevel(many, 256, 0.5, 2);
    expectClose(frequencies([0.5, 0.5], 2), [0.5, 0.5]);
  });

  test.each([[[NaN, 0.5]], [[0, 0]], [[Infinity, 1]]])('refuses the probabilities %j', (probabilities) => {
    expect(() => drawLevel(Float64Array.from(probabilities), 2, 0.5, 1)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT',
        message: expect.stringMatching(/probabilities: expected a finite sum above 0/) as string,
      }) as Error,
    );
  });
});

test.each([-1, 0.5, NaN, 2 ** 20 + 1, 2 ** 31])(
  '%d samples are refused, before their indices are listed',
  (samples) => {
    expect(() => sampleIndices(samples)).toThrow(/^draw images: samples: expected an integer from 0 to 1048576/);
  },
);
