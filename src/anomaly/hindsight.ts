import type { Box, Size } from '../foundation/frame.js';
import { Moments, type Moment } from './moments.js';
import { Smoothing } from './smoothing.js';
import { StandOut } from './stand-out.js';

/** How the frames of a source stand out against all of it. */
export interface Hindsight {
  /** Of each frame: see `SurprisingFrame.score`. */
  scores: number[];
  /** What stood out, the largest first. */
  moments: readonly Moment[];
}

/**
 * What stood out in a source that is known whole: each place of a frame is compared with what it costs in all of the source, so that
 * a clip of a second will do. `surprise` knows nothing of what comes later.
 *
 * @param maps bits of each pixel of each frame but the first, height x width, as `costedFrames` gives them
 * @param frameRate frames a second
 * @throws PxvError `INPUT` where a map is of another size
 */
export function inHindsight(maps: readonly Float64Array[], size: Size, frameRate: number): Hindsight {
  const learning = new StandOut(size, frameRate, { learnFirst: Infinity });
  for (const map of maps) learning.learn(map);
  const standOut = new StandOut(size, frameRate, { usual: learning.toJSON() });
  const smoothing = new Smoothing(frameRate);
  const moments = new Moments(frameRate);
  const boxes: Box[] = [];
  const scores: number[] = [];
  const take = (known: readonly number[]) => {
    for (const score of known) {
      const box = boxes[scores.length];
      moments.add(scores.push(score), score, box);
    }
  };
  for (const map of maps) {
    const { deviation, box } = standOut.add(map);
    boxes.push(box);
    take(smoothing.add(deviation));
  }
  take(smoothing.end());
  moments.end();
  return { scores, moments: moments.largest };
}
