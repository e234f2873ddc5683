import type { FrameMetricName } from '../../src/evaluation/frame-metrics.js';
import { measureForecasts } from '../../src/evaluation/forecast-errors.js';
import type { Channels } from '../../src/foundation/frame.js';
import { cases, frames, sample, samples, truth } from './reference-frames.js';

const names = ['mse', 'mae', 'psnr', 'ssim', 'ssim-uniform', 'ssim-openstl'] as const;
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const list = <T>(length: number, of: (at: number) => T) => Array.from({ length }, (_, at) => of(at));

function input(channels: Channels) {
  const drawn = list(samples, (s) => list(frames, (t) => sample(s, t, channels)));
  const known = [truth(0, channels)];
  return { known, truth: list(frames, (t) => truth(t, channels)), drawn, guess: drawn[1] };
}

describe.each(cases)('forecasts of $channels channels', ({ channels, ...expected }) => {
  const measured = measureForecasts(input(channels), names);

  test.each(['sample', 'mean', 'best'] as const)('%s: the metrics are those of the Python program', (kind) => {
    for (const name of names) expect(mean(measured[kind]![name]!)).toBeCloseTo(expected[kind][name], 8);
  });

  test('the best guess and the last frame are measured frame by frame', () => {
    for (const name of names) {
      expect(measured['best-guess']![name]).toHaveLength(frames);
      measured['best-guess']![name]!.forEach((value, t) => expect(value).toBeCloseTo(expected.byFrame[t][name], 8));
      // The first true frame is the last known one here.
      expect(mean(measured['last-frame']![name]!.slice(1))).toBeCloseTo(expected['last-frame'][name], 8);
    }
  });
});

test('the best sample is another by PSNR than by SSIM, and no mean of the same sample', () => {
  const { best } = measureForecasts(input(1), ['psnr', 'ssim']);
  const alone = list(samples, (s) =>
    measureForecasts({ ...input(1), drawn: [input(1).drawn[s]], guess: null }, ['psnr', 'ssim']),
  );
  const bestBy = (name: FrameMetricName) =>
    alone.findIndex(({ sample: one }) => mean(one![name]!) === mean(best![name]!));
  expect([bestBy('ssim'), bestBy('psnr')]).toEqual([0, 1]);
  // Of one sample there is neither a mean nor a best.
  expect(Object.keys(alone[0])).toEqual(['last-frame', 'sample']);
});
