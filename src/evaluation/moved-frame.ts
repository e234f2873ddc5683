import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { blockMatching, BLOCKS, movedOn } from '../backend/block-matching.js';
import type { Frame } from '../foundation/frame.js';
import { checkSameGeometry } from './metrics.js';

/**
 * The frames that follow if the motion between the last two known ones goes on in each place: the last frame moved on by
 * block matching, that one moved on again, and so on. Where one frame alone is known, nothing moves.
 * @param known oldest first, at least one
 */
export function moveOn(known: readonly Frame[], horizon: number): Frame[] {
  const last = known[known.length - 1];
  const before = known[known.length - 2] ?? last;
  checkSameGeometry('motion', before, last);
  const { width, height, channels } = last;
  return tf.tidy(() => {
    const [first, second] = [before, last].map(({ data }) =>
      tf.tensor<Rank.R4>(Float32Array.from(data), [1, height, width, channels]),
    );
    const found = blockMatching({ height, width, channels, ...BLOCKS }, first, second);
    let moved: Tensor4D = second;
    return Array.from({ length: horizon }, () => {
      moved = movedOn(moved, found);
      return { ...last, data: Uint8Array.from(moved.dataSync(), Math.round) };
    });
  });
}
