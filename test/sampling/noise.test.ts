import { Noise } from '../../src/sampling/noise.js';
import { Philox, philox4x32, purposes } from '../../src/foundation/philox.js';
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

describe('Noise', () => {
  test('has the seed as its key, the lower half first', () => {
    expect([...new Noise(0x299f31d0_a4093822n).key]).toEqual([0xa4093822, 0x299f31d0]);
    expect([...new Noise(42).key]).toEqual([42, 0]);
    expect([...new Noise(2n ** 64n - 1n).key]).toEqual([0xffffffff, 0xffffffff]);
  });

  test('gives an image the counter (sample, frame, position, channel + 256 scale)', () => {
    expect(Noise.words({ sample: 1, frame: 2, scale: 3 })).toEqual([1, 2, 3 * 256]);
    const there = uniform(new Noise(7), { sample: 1, frame: 2, scale: 1 }, 3, 2);
    expect(there).toBe(new Philox(7).uniform(1, 2, 3, 2 + 256));
  });

  test('changes with each of sample, frame, scale, position and channel', () => {
    const noise = new Noise(0);
    const draws = [
      uniform(noise, stream, 0, 0),
      uniform(noise, { ...stream, sample: 1 }, 0, 0),
      uniform(noise, { ...stream, frame: 1 }, 0, 0),
      uniform(noise, { ...stream, scale: 1 }, 0, 0),
      uniform(noise, stream, 1, 0),
      uniform(noise, stream, 0, 1),
    ];
    expect(new Set(draws).size).toBe(6);
  });

  test('is uniform: chi-square of 100,000 draws in 100 bins stays below its 99.99% quantile', () => {
    const noise = new Noise(2024);
    const bins = new Float64Array(100);
    for (let position = 0; position < 100_000; position++)
      bins[Math.floor(100 * uniform(noise, stream, position, 0))]++;
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(160.1);
  });

  test.each([-1, 0.5, NaN, 2 ** 53, 2n ** 64n, -1n])('refuses the seed %s', (seed) => {
    expect(() => new Noise(seed)).toThrow(
      expect.objectContaining({
        code: 'INPUT',
        message: expect.stringMatching(/seed: expected a whole number from 0 to 2\^64 - 1/) as string,
      }) as Error,
    );
  });
});

test('no two purposes share a counter, whatever the channel and the scale that are sampled', () => {
  const { sampling, ...others } = purposes;
  const words = [sampling, sampling + 1, sampling + 2, ...Object.values(others)];
  expect(new Set(words.map((word) => word % 256)).size).toBe(words.length);
});
