import { PreviousFrameBaseline, uniformBitsPerDim } from '../../src/evaluation/baselines.js';
import type { Frame } from '../../src/frame.js';

function grey(...values: number[]): Frame {
  return { width: values.length, height: 1, channels: 1, data: Uint8Array.from(values) };
}

test('uniformBitsPerDim is 8 for 256 levels and 1 for 2', () => {
  expect(uniformBitsPerDim(256)).toBe(8);
  expect(uniformBitsPerDim(2)).toBe(1);
});

describe('PreviousFrameBaseline', () => {
  test('is 0 bits/dim for a clip that stands still', () => {
    const baseline = new PreviousFrameBaseline();
    baseline.add(grey(1, 2, 3), grey(1, 2, 3));
    expect(baseline.bitsPerDim).toBe(0);
    expect(baseline.dimensions).toBe(3);
  });

  test('is 0 bits/dim for a constant change, counted modulo 256', () => {
    const baseline = new PreviousFrameBaseline();
    baseline.add(grey(0, 100, 250), grey(10, 110, 4));
    expect(baseline.bitsPerDim).toBe(0);
  });

  test('is the entropy of the changes of all frames together: 1/2, 1/4 and 1/4 make 1.5 bits/dim', () => {
    const baseline = new PreviousFrameBaseline();
    baseline.add(grey(5, 5), grey(5, 6));
    baseline.add(grey(5, 6), grey(5, 5));
    expect(baseline.bitsPerDim).toBeCloseTo(1.5, 12);
    expect(baseline.dimensions).toBe(4);
  });

  test('is 8 bits/dim where every change is equally frequent', () => {
    const baseline = new PreviousFrameBaseline();
    const ramp = Array.from({ length: 256 }, (_, i) => i);
    baseline.add(grey(...ramp.map(() => 77)), grey(...ramp));
    expect(baseline.bitsPerDim).toBeCloseTo(8, 12);
  });

  test('is NaN before anything was added', () => {
    expect(new PreviousFrameBaseline().bitsPerDim).toBeNaN();
  });

  test('refuses frames of different geometry', () => {
    expect(() => new PreviousFrameBaseline().add(grey(1, 2), grey(1))).toThrow(
      expect.objectContaining({
        code: 'INPUT',
        message: expect.stringMatching(
          /^compute the previous-frame baseline: frames: expected 2 x 1 .* received 1 x 1/,
        ) as string,
      }) as Error,
    );
  });
});
