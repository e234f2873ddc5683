import { freeIdleMemory } from '../backend/native-backend.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import { historyLength, MIN_STRIDED_CONTEXT, LONGEST_STRIDE } from '../conditioning/context/history.js';
import { errorFactory } from '../foundation/errors.js';
import { levelsToBytes } from '../foundation/levels.js';
import { pluralize } from '../foundation/pluralize.js';
import { canPredictAtStrides } from '../model/chain.js';
import type { Model } from '../model/model.js';
import type { SamplingSettings } from '../model/sampling-settings.js';
import { CorrectionRegression, historyStatistics, MAX_AVERAGED_FRAMES, type Correction } from './correction.js';
import { forecast } from './forecaster.js';
import type { FrameSampler } from './frame-sampler.js';

const misused = errorFactory('USAGE', 'learn from hindcasts');

/** Number of frames that each hindcast predicts. */
const AHEAD = 8;
/** Number of frames between the starts of successive hindcasts. */
const APART = 4;
/** Maximum number of hindcasts, the last ones of the clip. */
const MAX_HINDCASTS = 32;
/** Minimum number of frames before a hindcast: fewer do not hold two frames at the longest stride. */
const MIN_FRAMES_BEFORE = (MIN_STRIDED_CONTEXT - 1) * LONGEST_STRIDE + 1;

/** Maximum number of last known frames that hindcasts read, to be given to a `FrameHistory` as `kept`. */
export const MAX_HINDCAST_FRAMES = MAX_AVERAGED_FRAMES + APART * MAX_HINDCASTS;
/** Minimum number of known frames for one complete hindcast. */
export const MIN_HINDCAST_FRAMES = MIN_FRAMES_BEFORE + AHEAD;
/** Default batch size of hindcasts; no result depends on the batch size. */
export const HINDCAST_BATCH_SIZE = 8;

/** Options for learning from hindcasts. */
export interface HindcastOptions {
  /** Batch size: number of hindcasts that are predicted at a time. Default: HINDCAST_BATCH_SIZE. */
  batchSize?: number | undefined;
  /** Progress callback: receives the number of finished hindcasts and the total number of hindcasts. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Signal that aborts learning: the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Throws if hindcasts cannot correct the predictions of a model.
 * @param settings sampling settings of the samples to draw; null: no samples are drawn
 * @throws PxvError `USAGE` if the model cannot predict at several strides (see `canPredictAtStrides`), or the carry of
 *   `settings` is 1
 */
export function assertCorrectable({ name, chain }: Model, settings: Pick<SamplingSettings, 'carry'> | null): void {
  if (canPredictAtStrides(chain)) {
    if (settings?.carry !== 1) return;
    const expected = 'a model with a carry below 1';
    const received = 'a carry of 1';
    throw misused(name, expected, received, 'use --best-guess, or predict without --adapt');
  }
  const { length } = chain.scales;
  const expected = 'a model of one scale that learns the expected frame, as those conditioned on warped frames do';
  const received = length === 1 ? 'one that learns none' : `one of ${pluralize(length, 'scale')}`;
  throw misused(name, expected, received, 'predict without --adapt');
}

/**
 * Learns a correction of expected frames from hindcasts: predictions of known frames from the frames before them.
 * @param history known frames; the last `MAX_HINDCAST_FRAMES` that it keeps are read
 * @returns null if `history` keeps fewer than `MIN_HINDCAST_FRAMES` frames, or the model cannot predict at several
 *   strides (see `canPredictAtStrides`)
 * @throws the signal's reason if aborted
 * @example
 * ```js
 * import { bestGuess, chooseBackend, FrameHistory, FrameSampler, learnCorrection, loadModel } from 'pxv';
 * import { MAX_HINDCAST_FRAMES, openClip } from 'pxv';
 *
 * await chooseBackend();
 * const sampler = new FrameSampler(loadModel('video-64'));
 * const { exampleShape } = sampler.model.chain;
 * const history = new FrameHistory(exampleShape, MAX_HINDCAST_FRAMES);
 * const clip = await openClip('examples/asl_yes.mkv', exampleShape);
 * for await (const { data } of clip.frames()) history.push(data);
 * const correction = await learnCorrection(sampler, history);
 * const { value: next } = await bestGuess(sampler, history, { correction }).next();
 * console.log(next?.length); // 12288
 * ```
 */
export async function learnCorrection(
  sampler: FrameSampler,
  history: FrameHistory,
  { batchSize = HINDCAST_BATCH_SIZE, onProgress, signal }: HindcastOptions = {},
): Promise<Correction | null> {
  const { exampleShape: shape } = sampler.model.chain;
  const levels = history.lastFrames.slice(-MAX_HINDCAST_FRAMES);
  const { length } = levels;
  if (length < MIN_HINDCAST_FRAMES || !canPredictAtStrides(sampler.model.chain)) return null;
  // The last hindcasts reach beyond the known frames, but the frames just ahead teach the most.
  const known = levels.map((frame) => levelsToBytes(shape, frame));
  const places: number[] = [];
  for (let at = length - APART; at >= MIN_FRAMES_BEFORE && places.length < MAX_HINDCASTS; at -= APART) places.push(at);
  const regression = new CorrectionRegression(shape);
  for (let from = 0; from < places.length; from += batchSize) {
    const several = places.slice(from, from + batchSize);
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
  // Arrays for a batch of conditionings have lengths that no other work uses.
  freeIdleMemory();
  return regression.correction(historyStatistics(known, shape));
}
