import { firstFew } from '../../foundation/first-few.js';
import { rateRatio, formatFrameRate, roundRate, type FrameRate } from '../../foundation/frame-rate.js';
import { pluralize } from '../../foundation/pluralize.js';
import { loadModel } from '../../model/checkpoint.js';
import type { ClipsConfiguration } from '../../training/configuration.js';

/**
 * Returns a warning if a training starts from a model with a fixed frame rate, but reads clips at their own rates. Else
 * returns null.
 * @param from name or path of the model that the training starts from
 * @throws PxvError as `loadModel`
 */
export function lostRateWarning({ frameRate }: ClipsConfiguration, from: string | null): string | null {
  if (from === null || frameRate !== null) return null;
  const before = loadModel(from).frameRate;
  if (before === null) return null;
  const rate = formatFrameRate(before);
  return (
    `clips are taken at rates of their own, and ${from} learned at ${pluralize(rate, 'frame')} per second: --fps ` +
    `${rate} keeps to it`
  );
}

/** Factor from the median frame rate beyond which a clip is reported. */
const FAR = 1.5;

/**
 * Returns a warning that names the clips whose frame rate is above 1.5 times the median, or below the median over 1.5.
 * Returns null if there are none.
 */
export function mixedRatesWarning(clips: readonly { name: string; frameRate: FrameRate }[]): string | null {
  const sorted = clips
    .map(({ frameRate }) => frameRate)
    .sort((a, b) => a.numerator * b.denominator - b.numerator * a.denominator);
  const median = sorted[sorted.length >> 1];
  const far = clips.filter(({ frameRate }) => rateRatio(frameRate, median) > FAR);
  if (far.length === 0) return null;
  const names = far.map(({ name, frameRate }) => `${name} (${roundRate(frameRate)})`);
  const most = roundRate(median);
  return (
    `${firstFew(names)}: far from ${pluralize(most, 'frame')} per second, the median of the clips; --fps F ` +
    'brings all to one rate'
  );
}
