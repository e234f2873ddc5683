import { freeIdleMemory } from '../backend/native-backend.js';
import { errorsOf } from '../foundation/errors.js';
import { bytesOf } from '../foundation/levels.js';
import { expectsAtStrides } from '../model/chain.js';
import type { Model } from '../model/model.js';
import type { FutureDrawing } from '../model/future-drawing.js';
import { Past } from '../model/past.js';
import { LEAST_GIVEN, LONGEST_STRIDE } from '../model/subsequences.js';
import { numberOf } from '../foundation/number-of.js';
import { CorrectionRegression, type Correction } from './correction.js';
import { forecast } from './forecaster.js';
import type { FrameSampler } from './frame-sampler.js';
import { knownPast, MOST_AVERAGED } from './known-past.js';

const misused = errorsOf('USAGE', 'learn from hindcasts');

/** Frames that are predicted from each place. */
const AHEAD = 8;
/** Frames from a place to the next. */
const APART = 4;
/** Places, the last ones of the clip, at most. */
const MOST_PLACES = 32;
/** Frames that stand before the first place: fewer have no two at the longest stride. */
const LEAST_BEFORE = (LEAST_GIVEN - 1) * LONGEST_STRIDE + 1;

/** The last known frames of a clip that hindcasts read, at most; a `Past` keeps them where it is asked to. */
export const FRAMES_FOR_HINDCASTS = MOST_AVERAGED + APART * MOST_PLACES;
/** Known frames that there must be, for all that is predicted from a place to be known. */
export const LEAST_FOR_HINDCASTS = LEAST_BEFORE + AHEAD;
/** Places that are predicted from side by side, where there is memory: no figure depends on it. */
export const HINDCASTS_TOGETHER = 8;

/** How hindcasts are made. */
export interface HindcastOptions {
  /** Default: HINDCASTS_TOGETHER. */
  together?: number | undefined;
  /** Called with the places that are done, and how many there are. */
  onProgress?: ((done: number, places: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Makes sure that hindcasts correct what a model predicts.
 * @param settings of the futures to draw; null: none are
 * @throws PxvError `USAGE` where they cannot: it learns no expected frame, has several scales, or drawn frames are carried on as they are
 */
export function expectCorrected({ name, chain }: Model, settings: Pick<FutureDrawing, 'carry'> | null): void {
  if (expectsAtStrides(chain)) {
    if (settings?.carry !== 1) return;
    const expected = 'a model whose file says a carry below 1, for what is expected is corrected';
    const received = 'one of which drawn frames are carried on as they are';
    throw misused(name, expected, received, 'make the best guess, or predict without --adapt');
  }
  const { length } = chain.scales;
  const expected = 'a model of one scale that learns the expected frame, as those conditioned on moved frames do';
  const received = length === 1 ? 'one that learns none' : `one of ${numberOf(length, 'scale')}`;
  throw misused(name, expected, received, 'predict without --adapt');
}

/**
 * How the frames after some known ones are to be corrected, from how known frames were expected from those before them ("hindcasts").
 * @param past of known frames, of which the last `FRAMES_FOR_HINDCASTS` that it keeps are read
 * @returns null where there are too few to know all that is predicted from a single place, or for a model of which nothing is corrected
 * @throws the signal's reason once it is aborted
 */
export async function learnCorrection(
  sampler: FrameSampler,
  past: Past,
  { together = HINDCASTS_TOGETHER, onProgress, signal }: HindcastOptions = {},
): Promise<Correction | null> {
  const { exampleShape: shape } = sampler.model.chain;
  const levels = past.lastFrames.slice(-FRAMES_FOR_HINDCASTS);
  const { length } = levels;
  if (length < LEAST_FOR_HINDCASTS || !expectsAtStrides(sampler.model.chain)) return null;
  // From the last of them not all that is predicted is known yet: the nearest frames tell the most, though.
  const known = levels.map((frame) => bytesOf(shape, frame));
  const places: number[] = [];
  for (let at = length - APART; at >= LEAST_BEFORE && places.length < MOST_PLACES; at -= APART) places.push(at);
  const regression = new CorrectionRegression(shape);
  for (let from = 0; from < places.length; from += together) {
    const several = places.slice(from, from + together);
    const before = several.map((place) => knownPast(known.slice(0, place), shape));
    const pasts = several.map((place) => {
      const before = new Past(shape);
      for (const frame of levels.slice(Math.max(0, place - shape.context * LONGEST_STRIDE), place))
        before.addKnown(frame);
      return before;
    });
    const steps = forecast(sampler, pasts, { signal });
    for (let ahead = 1; ahead <= AHEAD; ahead++) {
      const { value: frames } = await steps.next();
      for (const [index, place] of several.entries()) {
        const frame = place + ahead - 1;
        const { expected, slower } = frames[index];
        if (frame < length) regression.add(ahead, { mean: expected!, slower }, before[index], known[frame]);
      }
    }
    onProgress?.(from + several.length, places.length);
  }
  // Arrays of so many conditionings at a time have lengths that nothing else asks for.
  freeIdleMemory();
  return regression.correction(knownPast(known, shape));
}
