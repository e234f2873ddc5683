import { frameMetric, frameMetrics, metricsForSize, type FrameMetricName } from '../../src/evaluation/frame-metrics.js';
import { uniformSsim } from '../../src/evaluation/metrics.js';
import { sample, truth, cases } from './reference-frames.js';

const names = Object.keys(frameMetrics) as FrameMetricName[];

describe.each(cases)('of frames of $channels channels', ({ channels, byFrame, openstl }) => {
  const meanOf = (name: FrameMetricName) => {
    const values = byFrame.map((_, t) => frameMetric(name).measure(truth(t, channels), sample(1, t, channels)));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };

  test.each(names)('%s is what numpy and scikit-image give', (name) => {
    byFrame.forEach((expected, t) => {
      expect(frameMetric(name).measure(truth(t, channels), sample(1, t, channels))).toBeCloseTo(expected[name], 8);
    });
  });

  test('MSE and MAE over several frames are those of the expressions of OpenSTL', () => {
    expect(meanOf('mse')).toBeCloseTo(openstl.mse, 9);
    expect(meanOf('mae')).toBeCloseTo(openstl.mae, 9);
  });
});

test('no two metrics are the same: the range of 2 gives a higher SSIM than the range of 1', () => {
  const [expected] = cases[0].byFrame;
  expect(new Set(names.map((name) => expected[name].toFixed(6))).size).toBe(names.length);
  expect(expected['ssim-openstl']).toBeGreaterThan(expected['ssim-uniform']);
});

test('PSNR of equal frames is 100 dB, more than any error of whole levels leaves', () => {
  const frame = truth(0, 3);
  expect(frameMetric('psnr').measure(frame, frame)).toBe(100);
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, () => 7);
  const one = { width: 64, height: 64, channels: 3 as const, data };
  const other = { ...one, data: data.with(0, 8) };
  expect(frameMetric('psnr').measure(one, other)).toBeLessThan(100);
});

test('SSIM is left out where frames are smaller than its window, and refused', () => {
  expect(metricsForSize(names, { width: 11, height: 11 })).toEqual(names);
  expect(metricsForSize(names, { width: 20, height: 10 })).toEqual(names.filter((name) => name !== 'ssim'));
  expect(metricsForSize(names, { width: 6, height: 20 })).toEqual(['mse', 'mae', 'psnr']);
  const small = { width: 6, height: 20, channels: 1 as const, data: new Uint8Array(120) };
  expect(() => uniformSsim(small, small)).toThrow(/SSIM: frames: expected at least 7 x 7 pixels, received 6 x 20/);
});
