import type { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';
import { framesPerSecond, isSameRate, roundRate, type FrameRate } from '../foundation/frame-rate.js';
import type { Model } from '../model/model.js';
import { pluralize } from '../foundation/pluralize.js';
import type { ClipReader, OutputKind } from '../video/index.js';
import type { frameRateOrModel } from '../options/fields.js';

/** The rate at which clips are to be read: `model` is the one that the model learned at. */
export type AskedRate = z.infer<typeof frameRateOrModel>;

/**
 * The rate to bring clips to; undefined: each is read at its own.
 * @throws PxvError `USAGE` where a model is to tell it that was trained at no rate
 */
export function rateToRead(model: Model, asked: AskedRate | undefined, operation: string): FrameRate | undefined {
  if (asked !== 'model') return asked;
  if (model.frameRate !== null) return model.frameRate;
  const received = `${model.name}, whose clips were taken at rates of their own`;
  const remedy = 'give the frames a second, as in --fps 10';
  throw errorFactory('USAGE', operation)('--fps model', 'a model that was trained with --fps', received, remedy);
}

/** One line where a clip is read at another rate than the model learned at, which then sees things move faster or slower. */
export function rateWarning(
  { name, frameRate }: Model,
  used: Pick<ClipReader, 'frameRate' | 'hasFrameRate'>,
): string | null {
  if (frameRate === null || !used.hasFrameRate || isSameRate(frameRate, used.frameRate)) return null;
  const [learnt, read] = [roundRate(frameRate), roundRate(used.frameRate)];
  return `read at ${pluralize(read, 'frame')} a second, and ${name} learned at ${learnt}: --fps model brings the clip to ${learnt}`;
}

/** Frames a second of a GIF beyond which players show a frame for a tenth of a second, in the place of one hundredth. */
const FASTEST_GIF = 50;

/** One line where an output does not play at its rate; else null. */
export function playingWarning(kind: OutputKind, rate: FrameRate): string | null {
  if (kind !== 'gif' || framesPerSecond(rate) <= FASTEST_GIF) return null;
  const factor = Math.ceil(framesPerSecond(rate) / FASTEST_GIF);
  return `a GIF of ${pluralize(roundRate(rate), 'frame')} a second plays too slowly in most players: write .mp4 or .webm, or play it slower (--slow ${factor})`;
}
