import { levelDifferences, HistogramBaseline, uniformBitsPerDim } from '../../src/evaluation/baselines.js';
import { FileBaselines } from '../../src/evaluation/file-baselines.js';
import type { Frame } from '../../src/foundation/frame.js';
import { randomInts } from '../random.js';

function grey(...values: number[]): Frame {
  return { width: values.length, height: 1, channels: 1, data: Uint8Array.from(values) };
}

test('uniformBitsPerDim is 8 for 256 levels and 1 for 2', () => {
  expect(uniformBitsPerDim(256)).toBe(8);
  expect(uniformBitsPerDim(2)).toBe(1);
});

describe('the change from the previous frame', () => {
  /** Its baseline over some pairs of frames. */
  const over = (levels: number, ...pairs: [Frame, Frame][]) => {
    const baseline = new HistogramBaseline(1, levels);
    for (const [previous, current] of pairs) baseline.add(levelDifferences(previous, current, levels));
    return baseline;
  };

  test('is 0 bits/dim for a clip that stands still', () => {
    const baseline = over(256, [grey(1, 2, 3), grey(1, 2, 3)]);
    expect(baseline.bitsPerDim).toBe(0);
    expect(baseline.dimensions).toBe(3);
  });

  test('is 0 bits/dim for a constant change, counted modulo 256', () => {
    expect(over(256, [grey(0, 100, 250), grey(10, 110, 4)]).bitsPerDim).toBe(0);
  });

  test('is the entropy of the changes of all frames together: 1/2, 1/4 and 1/4 make 1.5 bits/dim', () => {
    const baseline = over(256, [grey(5, 5), grey(5, 6)], [grey(5, 6), grey(5, 5)]);
    expect(baseline.bitsPerDim).toBeCloseTo(1.5, 12);
    expect(baseline.dimensions).toBe(4);
  });

  test('is 8 bits/dim where every change is equally frequent', () => {
    const ramp = Array.from({ length: 256 }, (_, i) => i);
    expect(over(256, [grey(...ramp.map(() => 77)), grey(...ramp)]).bitsPerDim).toBeCloseTo(8, 12);
  });

  test('counts changes of levels, not of bytes, where a model has fewer', () => {
    const pair: [Frame, Frame] = [grey(0, 0, 0, 255), grey(63, 64, 127, 0)];
    // Levels of 4: 0, 1, 1 and from 3 to 0, which is 1 again. Levels of 2: 0, 0, 0 and 1.
    expect(over(4, pair).bitsPerDim).toBeCloseTo(2 - (3 * Math.log2(3)) / 4, 12);
    expect(over(2, pair).bitsPerDim).toBeCloseTo(2 - (3 * Math.log2(3)) / 4, 12);
    expect(over(2, pair, [grey(0), grey(200)]).bitsPerDim).toBeCloseTo(Math.log2(5) - (2 + 3 * Math.log2(3)) / 5, 12);
  });

  test('is NaN before anything was added', () => {
    expect(over(256).bitsPerDim).toBeNaN();
  });

  test('refuses frames of different geometry', () => {
    expect(() => levelDifferences(grey(1, 2), grey(1), 256)).toThrow(
      expect.objectContaining({
        code: 'INPUT',
        message: expect.stringMatching(
          /^compute the previous-frame baseline: frames: expected 2 x 1 .* received 1 x 1/,
        ) as string,
      }) as Error,
    );
  });
});

describe('HistogramBaseline', () => {
  const over = (channels: number, levels: number, ...images: number[][]) => {
    const baseline = new HistogramBaseline(channels, levels);
    for (const image of images) baseline.add(Uint8Array.from(image));
    return baseline.bitsPerDim;
  };

  test('is log2 of the levels where all are as frequent, and 0 where there is one alone', () => {
    expect(over(1, 4, [0, 1], [2, 3])).toBeCloseTo(2, 12);
    expect(over(1, 4, [3, 3], [3, 3])).toBe(0);
  });

  test('is the entropy of the frequencies: 1/4 and 3/4 cost 0.8113 bits', () => {
    expect(over(1, 2, [0, 1, 1, 1])).toBeCloseTo(-(0.25 * Math.log2(0.25) + 0.75 * Math.log2(0.75)), 12);
  });

  test('has a histogram for each channel: constant channels that differ cost nothing', () => {
    // Sums of logarithms of 71 images would leave rounding errors.
    expect(over(3, 256, ...Array.from({ length: 71 }, () => [10, 20, 30, 10, 20, 30]))).toBe(0);
    expect(over(1, 256, [10, 20, 30, 10, 20, 30])).toBeCloseTo(Math.log2(3), 12);
  });

  test('is NaN before anything was added', () => {
    expect(over(1, 2)).toBeNaN();
  });
});

describe('FileBaselines', () => {
  const picture = (channels: 1 | 3, level: (i: number) => number): Frame => ({
    width: 20,
    height: 10,
    channels,
    data: Uint8Array.from({ length: 200 * channels }, (_, i) => level(i)),
  });

  test.each([1, 3] as const)(
    'noise of %i channels costs 8 bits/dim and the headers, in both formats',
    async (channels) => {
      const noise = randomInts(600, 256, 1);
      const baselines = new FileBaselines();
      await baselines.add(picture(channels, (i) => noise[i]));
      for (const format of ['png', 'webp'] as const) {
        expect(baselines.bitsPerDim(format)).toBeGreaterThan(8);
        expect(baselines.bitsPerDim(format)).toBeLessThan(14);
      }
    },
  );

  test('a slope costs far less, and images count together by their bytes', async () => {
    const slope = new FileBaselines();
    const both = new FileBaselines();
    const noise = randomInts(600, 256, 1);
    await slope.add(picture(3, (i) => Math.floor(i / 3) % 20));
    await Promise.all([both.add(picture(3, (i) => Math.floor(i / 3) % 20)), both.add(picture(3, (i) => noise[i]))]);
    for (const format of ['png', 'webp'] as const) {
      expect(slope.bitsPerDim(format)).toBeLessThan(2);
      expect(both.bitsPerDim(format)).toBeGreaterThan(4);
      expect(both.bitsPerDim(format)).toBeLessThan(8);
    }
  });

  test('the files are lossless: a level that is off by one costs more', async () => {
    const flat = new FileBaselines();
    const marked = new FileBaselines();
    await flat.add(picture(1, () => 100));
    await marked.add(picture(1, (i) => (i === 77 ? 101 : 100)));
    for (const format of ['png', 'webp'] as const)
      expect(marked.bitsPerDim(format)).toBeGreaterThan(flat.bitsPerDim(format));
  });
});
