import type { Box, Size } from '../foundation/frame.js';
import { EventDetector, type AnomalyEvent } from './event-detector.js';
import { ScoreSmoother } from './score-smoother.js';
import { AnomalyScorer } from './anomaly-scorer.js';

/** How the frames of a source stand out against all of it. */
export interface FullClipScores {
  /** Of each frame: see `AnomalyScore.score`. */
  scores: number[];
  /** What stood out, the largest first. */
  events: readonly AnomalyEvent[];
}

/**
 * What stood out in a source that is known whole: each place of a frame is compared with what it costs in all of the source, so that
 * a clip of a second will do. `surprise` knows nothing of what comes later.
 *
 * @param maps bits of each pixel of each frame but the first, height x width, as `frameCosts` gives them
 * @param frameRate frames a second
 * @throws PxvError `INPUT` where a map is of another size
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
