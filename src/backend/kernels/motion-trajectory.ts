import { MATCHED_FEATURES } from './block-matching.js';
import { count, extent, integer, kernel, perPixel, scalarArguments, single } from './description.js';

const numbers = scalarArguments('MotionTrajectoryNumbers', {
  batch: count,
  height: extent,
  width: extent,
  /** Number of pairs of successive frames. */
  pairs: integer(1, 16),
  maxChange: single,
});

/**
 * Maximum difference, in pixels, between the motion of a pair and that of the newest pair of its segment. Motion in
 * frames that show whole pixels alternates between two values that differ by 1.
 */
export const MAX_MOTION_CHANGE = 1.5;

/**
 * Kernel that estimates motion from several pairs of successive frames: follows each pixel of the newest frame back in
 * time by the motions of `blockMatching`, and fits lines to its positions. A single pair shows motion to about a pixel
 * where frames show whole pixels, and the error grows with every predicted frame. `found` holds the features of all
 * pairs at each pixel, those of the newest pair first. d_j(q) is the motion of pair j at the place q, bilinear between
 * pixels and clamped to the frame.
 *
 *     x_0 = 0, x_j = x_(j-1) + d_j(p + x_(j-1))      for j = 1..pairs: where the content of pixel p was
 *
 * The positions on each axis form segments, between which content reversed and kept its speed, as when it bounced. With
 * `similar` for a difference of at most `maxChange`:
 *
 *     segment(i)  = x_i..x_e, whose last pair e is the last existing one with d_(i+1)..d_e similar to d_(i+1)
 *     first       = segment(0), or x_0 alone if content reversed in the newest pair: d_1 is not similar to d_2, d_2 is
 *                   similar to d_3, d_1 * d_2 >= 0 and |d_1| < |d_2|
 *     next        = segment(e+1), after the pair e+1 that reversed content, if d_(e+2) is similar to minus the
 *                   newest motion of the segment before, or if that is x_0 alone; else there is none
 *     a_s +- b j  = the lines through the segments s with the least squares, with a slope of alternating sign, + for
 *                   the newest
 *     motion      = b - a_0 / steps, which leads in `steps` steps to the place of the newest line
 *
 * `out` holds the motion as `blockMatching` does: down at each of NEIGHBOURS, then to the right, then the difference of
 * the newest pair. A motion that is not finite is 0. Computed in float64 in the order of the equations: every
 * instruction set gives the same bits.
 */
export const motionTrajectory = kernel({
  numbers,
  inputs: {
    found: perPixel(({ pairs }: { pairs: number }) => pairs * MATCHED_FEATURES),
    /** Number of first pairs whose frames exist, 1 to `pairs`, of each example; clamped. */
    existing: { shape: ({ batch }) => [batch] },
    /** Number of frames from the newest one to the one to predict, 1 to 64, of each example; clamped. */
    steps: { shape: ({ batch }) => [batch] },
  },
  outputs: { out: perPixel(() => MATCHED_FEATURES) },
  // Indices within an image are 32-bit.
  limits: ({ height, width, pairs }) => ({ 'values of one image': height * width * pairs * MATCHED_FEATURES }),
});
