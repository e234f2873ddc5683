import type { Box, Size } from '../foundation/frame.js';
import { EventDetector, type AnomalyEvent } from './event-detector.js';
import { ScoreSmoother } from './score-smoother.js';
import { AnomalyScorer } from './anomaly-scorer.js';

/** Anomaly scores of a clip against the baseline of the full clip. */
export interface FullClipScores {
  /** Anomaly score of each frame but the first, as `AnomalyScore.score`: `scores[0]` is of frame 1. */
  scores: number[];
  /** Events, highest score first. */
  events: readonly AnomalyEvent[];
}

/**
 * Computes the anomaly scores and events of a finished clip. The baseline is fitted to all frames of the clip, so one
 * second is enough. `scoreAnomalies` uses earlier frames alone.
 *
 * @param maps bits of each pixel of each frame but the first, height x width: `FrameCost.map` of `frameCosts`
 * @param frameRate frames per second
 * @throws PxvError `INPUT` if a map has another size than `size`
 */
export function scoreFullClip(maps: readonly Float64Array[], size: Size, frameRate: number): FullClipScores {
  const learning = new AnomalyScorer(size, frameRate, { baselineFrames: Infinity });
  for (const map of maps) learning.learn(map);
  const standOut = new AnomalyScorer(size, frameRate, { baseline: learning.toJSON() });
  const smoothing = new ScoreSmoother(frameRate);
  const moments = new EventDetector(frameRate);
  const boxes: Box[] = [];
  const scores: number[] = [];
  const take = (known: readonly number[]) => {
    for (const score of known) {
      const box = boxes[scores.length];
      moments.add(scores.push(score), score, box);
    }
  };
  for (const map of maps) {
    const { zScore, box } = standOut.add(map);
    boxes.push(box);
    take(smoothing.add(zScore));
  }
  take(smoothing.end());
  moments.end();
  return { scores, events: moments.largest };
}
