import type { z } from 'zod';
import { errorsOf } from '../foundation/errors.js';
import {
  differBy,
  framesPerSecond,
  frameRateText,
  isSameRate,
  readableRate,
  type FrameRate,
} from '../foundation/frame-rate.js';
import { loadModel } from '../model/checkpoint.js';
import type { Model } from '../model/model.js';
import { numberOf } from '../foundation/number-of.js';
import type { ClipsConfiguration } from '../training/configuration.js';
import { firstFew } from '../training/data-list.js';
import type { ClipReader, OutputKind } from '../video/index.js';
import type { askedRate } from '../options/fields.js';

/** The rate at which clips are to be read: `model` is the one that the model learned at. */
export type AskedRate = z.infer<typeof askedRate>;

/**
 * The rate to bring clips to; undefined: each is read at its own.
 * @throws PxvError `USAGE` where a model is to tell it that was trained at no rate
 */
export function rateToRead(model: Model, asked: AskedRate | undefined, operation: string): FrameRate | undefined {
  if (asked !== 'model') return asked;
  if (model.frameRate !== null) return model.frameRate;
  const received = `${model.name}, whose clips were taken at rates of their own`;
  const remedy = 'give the frames a second, as in --fps 10';
  throw errorsOf('USAGE', operation)('--fps model', 'a model that was trained with --fps', received, remedy);
}

/** One line where a clip is read at another rate than the model learned at, which then sees things move faster or slower. */
export function rateWarning(
  { name, frameRate }: Model,
  used: Pick<ClipReader, 'frameRate' | 'hasRate'>,
): string | null {
  if (frameRate === null || !used.hasRate || isSameRate(frameRate, used.frameRate)) return null;
  const [learnt, read] = [readableRate(frameRate), readableRate(used.frameRate)];
  return `read at ${numberOf(read, 'frame')} a second, and ${name} learned at ${learnt}: --fps model brings the clip to ${learnt}`;
}

/** Frames a second of a GIF beyond which players show a frame for a tenth of a second, in the place of one hundredth. */
const FASTEST_GIF = 50;

/** One line where an output does not play at its rate; else null. */
export function playingWarning(kind: OutputKind, rate: FrameRate): string | null {
  if (kind !== 'gif' || framesPerSecond(rate) <= FASTEST_GIF) return null;
  const factor = Math.ceil(framesPerSecond(rate) / FASTEST_GIF);
  return `a GIF of ${numberOf(readableRate(rate), 'frame')} a second plays too slowly in most players: write .mp4 or .webm, or play it slower (--slow ${factor})`;
}

/** One line where a model that learned at a rate is to go on with clips at rates of their own; else null. */
export function lostRate({ frameRate }: ClipsConfiguration, from: string | null): string | null {
  if (from === null || frameRate !== null) return null;
  const before = loadModel(from).frameRate;
  if (before === null) return null;
  const rate = frameRateText(before);
  return `clips are taken at rates of their own, and ${from} learned at ${numberOf(rate, 'frame')} a second: --fps ${rate} keeps to it`;
}

/** Factor from the median beyond which a clip's rate is said. */
const FAR = 1.5;

/** One line where some clips, learned from at rates of their own, move much faster or slower than most; else null. */
export function mixedRates(clips: readonly { name: string; frameRate: FrameRate }[]): string | null {
  const sorted = clips
    .map(({ frameRate }) => frameRate)
    .sort((a, b) => a.numerator * b.denominator - b.numerator * a.denominator);
  const median = sorted[sorted.length >> 1];
  const far = clips.filter(({ frameRate }) => differBy(frameRate, median) > FAR);
  if (far.length === 0) return null;
  const told = far.map(({ name, frameRate }) => `${name} (${readableRate(frameRate)})`);
  const most = readableRate(median);
  return `${firstFew(told)}: far from ${numberOf(most, 'frame')} a second, the median of the clips; --fps F brings all to one rate`;
}
