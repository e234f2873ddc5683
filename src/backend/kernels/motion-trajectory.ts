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
 * Maximum difference, in pixels, between the motion of a pair and that of the newest pair. Where it is larger, content
 * turned or the match was lost. Motion in frames that show whole pixels alternates between two values that differ by 1.
 */
export const MAX_MOTION_CHANGE = 1.5;

/**
 * Kernel that estimates motion from several pairs of successive frames: follows each pixel of the newest frame back in
 * time by the motions of `blockMatching`, and fits a line to its positions. A single pair shows motion to about a pixel
 * where frames show whole pixels, and the error grows with every predicted frame. `found` holds the features of all
 * pairs at each pixel, those of the newest pair first. d_j(q) is the motion of pair j at the place q, bilinear between
 * pixels and clamped to the frame.
 *
 *     x_0 = 0, x_j = x_(j-1) + d_j(p + x_(j-1))      for j = 1..pairs: where the content of pixel p was
 *     m = the number of first pairs that exist, with |d_j - d_1| at most maxChange, on each axis
 *     a + b j = the line through x_0..x_m with the least squares
 *     motion = b - a / steps, which leads in `steps` steps to the place of the line
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
