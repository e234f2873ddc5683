import { freeIdleMemory } from '../backend/native-backend.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import { historyLength, LEAST_GIVEN, LONGEST_STRIDE } from '../conditioning/context/history.js';
import { errorFactory } from '../foundation/errors.js';
import { levelsToBytes } from '../foundation/levels.js';
import { pluralize } from '../foundation/pluralize.js';
import { canPredictAtStrides } from '../model/chain.js';
import type { Model } from '../model/model.js';
import type { SamplingSettings } from '../model/sampling-settings.js';
import { CorrectionRegression, historyStatistics, MOST_AVERAGED, type Correction } from './correction.js';
import { forecast } from './forecaster.js';
import type { FrameSampler } from './frame-sampler.js';

const misused = errorFactory('USAGE', 'learn from hindcasts');

/** Number of frames that are predicted from each place. */
const AHEAD = 8;
/** Number of frames from a place to the next. */
const APART = 4;
/** Largest number of places, the last ones of the clip. */
const MOST_PLACES = 32;
/** Number of frames before the first place: fewer have no two at the longest stride. */
const LEAST_BEFORE = (LEAST_GIVEN - 1) * LONGEST_STRIDE + 1;

/** Largest number of last known frames that hindcasts read; a `FrameHistory` keeps them if it is asked to. */
export const FRAMES_FOR_HINDCASTS = MOST_AVERAGED + APART * MOST_PLACES;
/** Smallest number of known frames, for all that is predicted from a place to be known. */
export const LEAST_FOR_HINDCASTS = LEAST_BEFORE + AHEAD;
/** Default batch size of places that are predicted from: no figure depends on it. */
export const HINDCASTS_TOGETHER = 8;

/** Options for hindcasts. */
export interface HindcastOptions {
  /** Batch size of places. Default: HINDCASTS_TOGETHER. */
  together?: number | undefined;
  /** Called with the number of places that are done, and of all. */
  onProgress?: ((done: number, places: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Checks that hindcasts correct the predictions of a model.
 * @param settings of the samples to draw; null: none are
 * @throws PxvError `USAGE` if they cannot: it learns no expected frame, has several scales, or its carry is 1
 */
export function expectCorrected({ name, chain }: Model, settings: Pick<SamplingSettings, 'carry'> | null): void {
  if (canPredictAtStrides(chain)) {
    if (settings?.carry !== 1) return;
    const expected = 'a model whose file says a carry below 1, for what is expected is corrected';
    const received = 'one of which drawn frames are carried on as they are';
    throw misused(name, expected, received, 'make the best guess, or predict without --adapt');
  }
  const { length } = chain.scales;
  const expected = 'a model of one scale that learns the expected frame, as those conditioned on moved frames do';
  const received = length === 1 ? 'one that learns none' : `one of ${pluralize(length, 'scale')}`;
  throw misused(name, expected, received, 'predict without --adapt');
}

/**
 * Learns how to correct the frames after known ones, from predictions of known frames from those before them
 * ("hindcasts").
 * @param history of known frames, of which the last `FRAMES_FOR_HINDCASTS` that it keeps are read
 * @returns null if there are too few to know all that is predicted from a single place, or for a model that is not
 *   corrected
 * @throws the signal's reason once it is aborted
 */
export async function learnCorrection(
  sampler: FrameSampler,
  history: FrameHistory,
  { together = HINDCASTS_TOGETHER, onProgress, signal }: HindcastOptions = {},
): Promise<Correction | null> {
  const { exampleShape: shape } = sampler.model.chain;
  const levels = history.lastFrames.slice(-FRAMES_FOR_HINDCASTS);
  const { length } = levels;
  if (length < LEAST_FOR_HINDCASTS || !canPredictAtStrides(sampler.model.chain)) return null;
  // From the last of them not all that is predicted is known yet: the nearest frames tell the most, though.
  const known = levels.map((frame) => levelsToBytes(shape, frame));
  const places: number[] = [];
  for (let at = length - APART; at >= LEAST_BEFORE && places.length < MOST_PLACES; at -= APART) places.push(at);
  const regression = new CorrectionRegression(shape);
  for (let from = 0; from < places.length; from += together) {
    const several = places.slice(from, from + together);
    const statistics = several.map((place) => historyStatistics(known.slice(0, place), shape));
    const histories = several.map((place) => {
      const before = new FrameHistory(shape);
      for (const frame of levels.slice(Math.max(0, place - historyLength(shape.context)), place))
        before.addKnown(frame);
      return before;
    });
    const steps = forecast(sampler, histories, { signal });
    for (let ahead = 1; ahead <= AHEAD; ahead++) {
      const { value: frames } = await steps.next();
      for (const [index, place] of several.entries()) {
        const frame = place + ahead - 1;
        const { expected, longerStrides } = frames[index];
        if (frame < length) regression.add(ahead, { mean: expected!, longerStrides }, statistics[index], known[frame]);
      }
    }
    onProgress?.(from + several.length, places.length);
  }
  // Arrays of so many conditionings at a time have lengths that nothing else asks for.
  freeIdleMemory();
  return regression.correction(historyStatistics(known, shape));
}
