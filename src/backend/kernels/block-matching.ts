import {
  count,
  extent,
  integer,
  kernel,
  scalarArguments,
  perPixel,
  pictures,
  single,
  type ValuesOf,
} from './description.js';

const shape = scalarArguments('BlockMatchingShape', {
  batch: count,
  height: extent,
  width: extent,
  channels: extent,
  /** Maximum motion of a block, in pixels down or across. */
  reach: integer(0, 32),
  /** Half size of a block: pixels to each side of its middle pixel. */
  margin: integer(0, 32),
  costOfMotion: single,
  costOfDistance: single,
});

/**
 * Parameters of block matching between two frames: `height`, `width` and `channels` of a frame; `reach`, the maximum
 * motion down or across, in pixels; `margin`, the half size of a block of 2 margin + 1 pixels a side.
 */
export type BlockMatchingShape = Omit<ValuesOf<typeof shape>, 'batch' | keyof typeof MOTION_COSTS>;

/**
 * Penalties of motion in block matching, in levels, added to the mean absolute difference. `costOfMotion` is added once
 * to any motion but zero, `costOfDistance` for each pixel down and across. Without penalties, the motion of flat areas
 * is random. Sums of the costs are exact in float32.
 */
export const MOTION_COSTS = { costOfMotion: 1, costOfDistance: 1 / 16 } as const;

/**
 * Offsets [rows down, columns to the right], in pixels, from a pixel to the pixels whose motion becomes its features:
 * the pixel itself, then 2 pixels up, down, left and right.
 */
export const NEIGHBOURS = [
  [0, 0],
  [-2, 0],
  [2, 0],
  [0, -2],
  [0, 2],
] as const satisfies readonly [down: number, right: number][];

/**
 * Number of features that `blockMatching` writes for each pixel: motion down and to the right at each of `NEIGHBOURS`,
 * and a mean absolute difference.
 */
export const MATCHED_FEATURES = 2 * NEIGHBOURS.length + 1;

/**
 * Kernel that finds the motion d of each pixel by block matching: the offset from a pixel of the frame `last` to its
 * match in the frame `before`. Content that moved down has a negative d down. r(f) are the levels of a frame rounded to
 * integers, halves up.
 *
 *     D_d(p) = sum over channels of |r(last)(p) - r(before)(p + d)|        d = (down, right), at most `reach` each
 *     S_d(p) = sum over the (2 margin + 1)^2 pixels q around p of D_d(q)     of N = channels (2 margin + 1)^2 terms
 *     d* = the first d, by rows, with the least S_d + N (costOfMotion + costOfDistance (|down| + |right|)),
 *          where d = 0 costs nothing
 *
 * If p + d is outside of `before`, the nearest pixel inside is read. If q is outside of the frame, D_d(q) is D_d of the
 * nearest pixel inside.
 *
 * The motion is d* plus a fraction, at most 1/2 pixel down and across: the vertex of the parabola through S of d* and
 * of its two neighbours. The fraction is 0 if a neighbour is out of reach, the parabola has no minimum or S of d* is 0.
 * All sums are of integers, and so exact: every instruction set finds the same motion.
 *
 * Levels are 0 or more. `out` holds the motion down, in pixels, of the pixel at each of NEIGHBOURS (outside: the
 * nearest pixel inside). The motion to the right at each of NEIGHBOURS follows, then S of d* over N, in levels.
 */
export const blockMatching = kernel({
  numbers: shape,
  inputs: { before: pictures, last: pictures },
  outputs: { out: perPixel(() => MATCHED_FEATURES) },
  // Indices within an image are 32-bit.
  limits: (of) => ({ 'values of one image': of.height * of.width * Math.max(of.channels, MATCHED_FEATURES) }),
});
