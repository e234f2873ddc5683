import type { Size } from '../foundation/frame.js';
import { AnomalyScorer } from './anomaly-scorer.js';
import { EventDetector, type AnomalyEvent } from './event-detector.js';
import type { CostedFrame } from './mean-costs.js';

/** Anomaly scores and events of a finished clip, as `scoreFullClip` returns them. */
export interface FullClipScores {
  /** Anomaly score of each frame but the first, as `AnomalyScore.score`: `scores[0]` is of frame 1. */
  scores: number[];
  /** Events, highest score first. */
  events: readonly AnomalyEvent[];
}

/** Number of first frames that lack context frames of the shipped models, without the first frame. */
const LACKING = 3;

/**
 * Computes the anomaly scores and events of a finished clip of a second or more, as `AnomalyScorer` does for a recorded
 * source. The frames of the first 20 seconds are scored against a baseline of all of these frames. The first three
 * scores are 0, since context frames are missing.
 *
 * @param frames each frame but the first with its bits, as `frameCosts` yields these
 * @param frameRate frames per second
 * @param threshold minimum score of an event's peak; default: `DEFAULT_THRESHOLD`
 * @throws PxvError `INPUT` if a frame has another size than `size`
 */
export function scoreFullClip(
  frames: readonly CostedFrame[],
  size: Size,
  frameRate: number,
  threshold?: number,
): FullClipScores {
  const scorer = new AnomalyScorer(size, frameRate, { isRecorded: true });
  const detector = new EventDetector(frameRate, threshold);
  const scored = frames.flatMap((frame, at) => scorer.add(frame, at >= LACKING));
  scored.push(...scorer.end());
  for (const [at, { score, box }] of scored.entries()) detector.add(at + 1, score, box);
  detector.end();
  return { scores: scored.map(({ score }) => score), events: detector.events };
}
