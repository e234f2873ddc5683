import { psnr, ssim } from '../../src/evaluation/metrics.js';
import type { Channels, Frame } from '../../src/foundation/frame.js';

function frame(width: number, height: number, channels: Channels, value: (i: number) => number): Frame {
  return { width, height, channels, data: Uint8Array.from({ length: width * height * channels }, (_, i) => value(i)) };
}

/** A fixed pattern without structure. */
const scramble = (factor: number) => (i: number) => ((i * i + 7) * factor) % 256;

describe('psnr', () => {
  test('of a difference of 10 everywhere is 20 log10(25.5) dB', () => {
    const actual = psnr(
      frame(4, 3, 3, () => 100),
      frame(4, 3, 3, () => 110),
    );
    expect(actual).toBeCloseTo(20 * Math.log10(25.5), 12);
  });

  test('of one wrong sub-pixel among 12, by 255, is 10 log10(12) dB', () => {
    const actual = psnr(
      frame(2, 2, 3, () => 0),
      frame(2, 2, 3, (i) => (i === 5 ? 255 : 0)),
    );
    expect(actual).toBeCloseTo(10 * Math.log10(12), 12);
  });

  test('of equal frames is infinite', () => {
    expect(psnr(frame(2, 2, 1, scramble(3)), frame(2, 2, 1, scramble(3)))).toBe(Infinity);
  });

  test('of a frame that lacks bytes is refused', () => {
    const whole = frame(4, 3, 3, scramble(3));
    const short = { ...whole, data: new Uint8Array(6) };
    const refusal = /PSNR: frames: expected 36 bytes for 4 x 3 pixels of 3 channels, received 6/;
    expect(() => psnr(whole, short)).toThrow(refusal);
    expect(() => psnr(short, whole)).toThrow(refusal);
    expect(() => psnr(short, short)).toThrow(refusal);
  });
});

/** SSIM of two single-channel frames of 11 x 11 pixels, written out over the one window that fits. */
function oneWindow(x: Uint8Array, y: Uint8Array): number {
  const weights = Array.from({ length: 121 }, (_, i) => {
    const dx = (i % 11) - 5;
    const dy = Math.floor(i / 11) - 5;
    return Math.exp(-(dx * dx + dy * dy) / 4.5);
  });
  const total = weights.reduce((a, b) => a + b);
  const expectation = (f: (i: number) => number) => weights.reduce((sum, w, i) => sum + (w / total) * f(i), 0);
  const mx = expectation((i) => x[i]);
  const my = expectation((i) => y[i]);
  const vx = expectation((i) => (x[i] - mx) ** 2);
  const vy = expectation((i) => (y[i] - my) ** 2);
  const vxy = expectation((i) => (x[i] - mx) * (y[i] - my));
  const c1 = 6.5025;
  const c2 = 58.5225;
  return ((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2));
}

describe('ssim', () => {
  test('of frames [11, 11, 1] is the formula over one window', () => {
    const a = frame(11, 11, 1, scramble(31));
    const b = frame(11, 11, 1, scramble(17));
    expect(ssim(a, b)).toBeCloseTo(oneWindow(a.data, b.data), 12);
    expect(Math.abs(ssim(a, b))).toBeLessThan(0.5);
  });

  test('of frames [11, 12, 3] is the mean over two windows and three channels', () => {
    const a = frame(12, 11, 3, scramble(31));
    const b = frame(12, 11, 3, scramble(17));
    let sum = 0;
    for (const left of [0, 1]) {
      for (const channel of [0, 1, 2]) {
        const cut = ({ data }: Frame) =>
          Uint8Array.from({ length: 121 }, (_, i) => data[(Math.floor(i / 11) * 12 + left + (i % 11)) * 3 + channel]);
        sum += oneWindow(cut(a), cut(b));
      }
    }
    expect(ssim(a, b)).toBeCloseTo(sum / 6, 12);
  });

  test('of two flat frames, 100 and 150, is (2 * 100 * 150 + C1) / (100^2 + 150^2 + C1)', () => {
    const actual = ssim(
      frame(20, 15, 3, () => 100),
      frame(20, 15, 3, () => 150),
    );
    expect(actual).toBeCloseTo(30006.5025 / 32506.5025, 10);
  });

  test('of equal frames is 1', () => {
    expect(ssim(frame(16, 13, 3, scramble(5)), frame(16, 13, 3, scramble(5)))).toBeCloseTo(1, 12);
  });

  test('refuses frames in which the window does not fit', () => {
    const small = frame(10, 16, 1, () => 0);
    expect(() => ssim(small, small)).toThrow(
      expect.objectContaining({
        code: 'INPUT',
        message:
          'compute SSIM: frames: expected at least 11 x 11 pixels, received 10 x 16; compare larger frames, or ' +
          'use PSNR',
      }) as Error,
    );
  });
});

test.each([
  ['PSNR', psnr],
  ['SSIM', ssim],
])('%s refuses frames of different geometry', (name, metric) => {
  expect(() => metric(frame(16, 12, 3, scramble(3)), frame(16, 12, 1, scramble(3)))).toThrow(
    expect.objectContaining({
      code: 'INPUT',
      message:
        `compute ${name}: frames: expected 16 x 12 pixels of 3 channels, received 16 x 12 pixels of 1 channel; ` +
        'compare frames of one size',
    }) as Error,
  );
});
