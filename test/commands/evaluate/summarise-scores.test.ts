import type { ClipForecasts } from '../../../src/evaluation/forecast-errors.js';
import { summariseForecasts } from '../../../src/commands/evaluate/summarise-scores.js';
import { cappedPsnr } from '../../../src/evaluation/metrics.js';

/** A mean squared error of so many decibels. */
const errorOf = (decibels: number) => 255 ** 2 / 10 ** (decibels / 10);

/** A clip of two frames ahead, by decibels of the last frame repeated and of a sample. */
const clip = (lastFrame: number[], sample: number[], change: number[]): ClipForecasts => ({
  starts: [3, 7],
  trueChange: [4, 2],
  kinds: {
    'last-frame': { meanSquaredError: lastFrame.map(errorOf), ssim: [0.5, 0.4], change: [0, 0] },
    sample: { meanSquaredError: sample.map(errorOf), ssim: [0.9, 0.6], change },
  },
});
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 9) as number);

test('decibels above the last frame are a mean over clips, with its standard error and the clips won', () => {
  const { clips, starts, trueChange, kinds } = summariseForecasts([
    clip([20, 18], [23, 17], [3, 1]),
    clip([30, 25], [31, 21], [1, 2]),
  ]);
  expect({ clips, starts, trueChange }).toEqual({ clips: 2, starts: 4, trueChange: [4, 2] });
  const { psnr, gain, wins, ssim, change, changeRatio, meanSquaredError } = kinds.sample!;
  expect(psnr).toEqual(close([27, 19]));
  // 3 and 1; -1 and -4. The standard error of two values is half of their difference.
  expect(gain).toEqual({ mean: close([2, -2.5]), standardError: close([1, 1.5]) });
  expect(wins).toEqual([2, 0]);
  expect(ssim).toEqual([0.9, 0.6]);
  expect(change).toEqual([2, 1.5]);
  expect(changeRatio).toEqual([0.5, 0.75]);
  expect(meanSquaredError).toEqual(close([(errorOf(23) + errorOf(31)) / 2, (errorOf(17) + errorOf(21)) / 2]));
  expect(kinds['last-frame']!.gain.mean).toEqual([0, 0]);
  expect(kinds['last-frame']!.wins).toEqual([0, 0]);
  expect(kinds['moved-last-frame']).toBeUndefined();
});

test('no error counts as 60 decibels, so that a clip in which nothing moves gives a number', () => {
  expect([cappedPsnr(0), cappedPsnr(errorOf(70)), cappedPsnr(errorOf(59))]).toEqual([60, 60, expect.closeTo(59)]);
  const still = clip([20, 20], [10, 50], [0, 0]);
  still.kinds['last-frame']!.meanSquaredError = [0, 0];
  still.kinds.sample!.meanSquaredError[1] = 0;
  still.trueChange = [0, 0];
  const { gain, wins, changeRatio } = summariseForecasts([still]).kinds.sample!;
  expect(gain).toEqual({ mean: close([-50, 0]), standardError: [NaN, NaN] });
  expect(wins).toEqual([0, 0]);
  expect(changeRatio).toEqual([NaN, NaN]);
});

test('frames that are too small for SSIM have none, and do not count where others have it', () => {
  const small = clip([20, 18], [23, 17], [3, 1]);
  for (const errors of Object.values(small.kinds)) errors.ssim = null;
  expect(summariseForecasts([small]).kinds.sample!.ssim).toBeNull();
  const large = clip([20, 18], [23, 17], [3, 1]);
  expect(summariseForecasts([small, large]).kinds.sample!.ssim).toEqual([0.9, 0.6]);
});
