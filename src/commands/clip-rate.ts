import type { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';
import { framesPerSecond, isSameRate, roundRate, type FrameRate } from '../foundation/frame-rate.js';
import type { Model } from '../model/model.js';
import { pluralize } from '../foundation/pluralize.js';
import type { ClipReader, OutputKind } from '../video/index.js';
import type { frameRateOrModel } from '../foundation/option-fields.js';

/** Requested frame rate of clips; `model`: the rate that the model was trained at. @useDeclaredType */
export type RequestedRate = z.infer<typeof frameRateOrModel>;

/**
 * Returns the target frame rate for reading clips: the model's training rate if `requested` is `model`, else
 * `requested`. Undefined means each clip's own rate.
 * @param operation name of the task, for the error
 * @throws PxvError `USAGE` if `requested` is `model` and the model was trained at no fixed rate
 */
export function rateToRead(
  model: Model,
  requested: RequestedRate | undefined,
  operation: string,
): FrameRate | undefined {
  if (requested !== 'model') return requested;
  if (model.frameRate !== null) return model.frameRate;
  const received = `${model.name}, which was trained without --fps`;
  const remedy = 'give the frames per second, as in --fps 10';
  throw errorFactory('USAGE', operation)('--fps model', 'a model that was trained with --fps', received, remedy);
}

/**
 * Returns a warning of one line if a clip's frame rate differs from the model's training rate by 5 % or more. Motion
 * then looks faster or slower. Returns null if the rates differ by less, or if the clip or the model states none.
 * @param used rate at which the clip is read, and whether the clip states a rate
 */
export function rateWarning(
  { name, frameRate }: Model,
  used: Pick<ClipReader, 'frameRate' | 'hasFrameRate'>,
): string | null {
  if (frameRate === null || !used.hasFrameRate || isSameRate(frameRate, used.frameRate)) return null;
  const learnt = roundRate(frameRate);
  const read = roundRate(used.frameRate);
  return (
    `read at ${pluralize(read, 'frame')} per second, and ${name} learned at ${learnt}: --fps model brings the ` +
    `clip to ${learnt}`
  );
}

/** Maximum frames per second of a GIF: most players show faster frames for 1/10 s instead of 1/100 s. */
const FASTEST_GIF = 50;

/**
 * Returns a warning of one line for a GIF of more than 50 frames per second, which players slow down. Returns null for
 * other kinds of output and lower rates.
 * @param rate frame rate of the output
 */
export function playingWarning(kind: OutputKind, rate: FrameRate): string | null {
  if (kind !== 'gif' || framesPerSecond(rate) <= FASTEST_GIF) return null;
  const factor = Math.ceil(framesPerSecond(rate) / FASTEST_GIF);
  return (
    `a GIF of ${pluralize(roundRate(rate), 'frame')} per second plays too slowly in most players: write .mp4 or ` +
    `.webm, or play it slower (--slow ${factor})`
  );
}
