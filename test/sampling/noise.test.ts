import { Noise } from '../../src/sampling/noise.js';
import { Philox, philox4x32, purposes } from '../../src/philox.js';

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

describe('Noise', () => {
  test('is the first word of the published block, with the lower half of the seed as the first key word', () => {
    const noise = new Noise(0x299f31d0_a4093822n);
    const u = noise.uniform(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
    expect(u).toBe((0xd16cfe09 + 0.5) / 2 ** 32);
  });

  test('takes a seed as a number or as a bigint', () => {
    expect(new Noise(42).uniform(1, 2, 3, 0)).toBe(new Noise(42n).uniform(1, 2, 3, 0));
    expect(new Noise(42).uniform(1, 2, 3, 0)).not.toBe(new Noise(43).uniform(1, 2, 3, 0));
  });

  test('does not depend on the order of the draws', () => {
    const forward = new Noise(7);
    const backward = new Noise(7);
    const positions = Array.from({ length: 50 }, (_, position) => position);
    const there = positions.map((position) => forward.uniform(0, 1, position, 2));
    const back = positions.reverse().map((position) => backward.uniform(0, 1, position, 2));
    expect(back.reverse()).toEqual(there);
    expect(new Set(there).size).toBe(50);
  });

  test('changes with each of sample, frame, position and channel', () => {
    const noise = new Noise(0);
    const draws = [
      noise.uniform(0, 0, 0, 0),
      noise.uniform(1, 0, 0, 0),
      noise.uniform(0, 1, 0, 0),
      noise.uniform(0, 0, 1, 0),
      noise.uniform(0, 0, 0, 1),
    ];
    expect(new Set(draws).size).toBe(5);
  });

  test('is uniform: chi-square of 100,000 draws in 100 bins stays below its 99.99% quantile', () => {
    const noise = new Noise(2024);
    const bins = new Float64Array(100);
    for (let position = 0; position < 100_000; position++) bins[Math.floor(100 * noise.uniform(0, 0, position, 0))]++;
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(160.1);
  });

  test('takes the counter (sample, frame, position, channel + 256 scale)', () => {
    expect(new Noise(7).uniform(1, 2, 3, 2, 1)).toBe(new Philox(7).uniform(1, 2, 3, 2 + 256));
    expect(Noise.words({ sample: 1, frame: 2, scale: 3 })).toEqual([1, 2, 3 * 256]);
  });

  describe('of samples that share strata', () => {
    const strata = 8;
    const [noise, apart] = [new Noise(2024, strata), new Noise(2024)];
    const samples = Array.from({ length: strata }, (_, sample) => sample);

    test.each([0, strata])('lies evenly at each sub-pixel, from sample %i on', (first) => {
      for (let position = 0; position < 500; position++) {
        const numbers = samples.map((sample) => noise.uniform(first + sample, 3, position, 1));
        expect(numbers[0]).toBe(apart.uniform(first, 3, position, 1));
        const sorted = [...numbers].sort((a, b) => a - b);
        for (let next = 1; next < strata; next++) expect(sorted[next] - sorted[next - 1]).toBeCloseTo(1 / strata, 12);
        expect(sorted[0]).toBeGreaterThan(0);
        expect(sorted[strata - 1]).toBeLessThan(1);
      }
    });

    test.each(samples)('is uniform for sample %i alone, and independent from sub-pixel to sub-pixel', (sample) => {
      const draws = 50_000;
      const bins = new Float64Array(100);
      let before = noise.uniform(sample, 0, draws, 0);
      for (let position = 0; position < draws; position++) {
        const u = noise.uniform(sample, 0, position, 0);
        bins[10 * Math.floor(10 * u) + Math.floor(10 * before)]++;
        before = u;
      }
      const chiSquare = bins.reduce((sum, count) => sum + (count - draws / 100) ** 2 / (draws / 100), 0);
      expect(chiSquare).toBeLessThan(160.1);
    });

    test('comes in an order of each sub-pixel: every sample is as often in each place after the first', () => {
      const draws = 14_000;
      const counts = new Float64Array(49);
      for (let position = 0; position < draws; position++) {
        const first = noise.uniform(0, 0, position, 0);
        for (let sample = 1; sample < strata; sample++) {
          const place = Math.round(strata * ((noise.uniform(sample, 0, position, 0) - first + 1) % 1));
          counts[7 * (sample - 1) + place - 1]++;
        }
      }
      for (const count of counts) expect(Math.abs(count / (draws / 7) - 1)).toBeLessThan(0.1);
    });
  });

  test.each([-1, 0.5, NaN, 2 ** 53, 2n ** 64n, -1n])('refuses the seed %s', (seed) => {
    expect(() => new Noise(seed)).toThrow(
      expect.objectContaining({
        code: 'INPUT',
        message: expect.stringMatching(/seed: expected a whole number from 0 to 2\^64 - 1/) as string,
      }) as Error,
    );
  });

  test('takes the largest seed', () => {
    expect(new Noise(2n ** 64n - 1n).uniform(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toBe(
      (0x408f276d + 0.5) / 2 ** 32,
    );
  });
});

test('no two purposes share a counter, whatever the channel and the scale that are sampled', () => {
  const { sampling, ...others } = purposes;
  const words = [sampling, sampling + 1, sampling + 2, ...Object.values(others)];
  expect(new Set(words.map((word) => word % 256)).size).toBe(words.length);
});
