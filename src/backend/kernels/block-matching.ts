import { count, extent, kernel, numbers, perPixel, pictures, single, type ValuesOf } from './description.js';

const shape = numbers('BlockMatchingShape', {
  ...{ batch: count, height: extent, width: extent, channels: extent },
  /** Pixels that a block may have moved, down or across. */
  reach: count,
  /** Pixels to each side of the one in a block's middle. */
  margin: count,
  ...{ costOfMotion: single, costOfDistance: single },
});

/** Two frames between which motion is looked for. */
export type BlockMatchingShape = Omit<ValuesOf<typeof shape>, 'batch' | keyof typeof MOTION_COSTS>;

/**
 * What a motion must gain in the mean absolute difference to be preferred to none, in levels: once, and for each pixel
 * down and across. Without it, flat areas wander. Sums of these are exact in float32.
 */
export const MOTION_COSTS = { costOfMotion: 1, costOfDistance: 1 / 16 } as const;

/** The pixels whose motion a pixel is also told: itself first, then those up, down, left and right of it. */
export const NEIGHBOURS = [
  [0, 0],
  [-2, 0],
  [2, 0],
  [0, -2],
  [0, 2],
] as const satisfies readonly [down: number, right: number][];

/** What `blockMatching` gives for each pixel: motion down and to the right of each neighbour, and a difference. */
export const MATCHED_FEATURES = 2 * NEIGHBOURS.length + 1;

/**
 * Where each pixel of a frame came from in the frame before, by block matching. With r(f) a frame's levels rounded to
 * whole ones, halves up, and all places outside of a frame those nearest inside,
 *
 *     D_d(p) = sum over channels of |r(last)(p) - r(before)(p + d)|        d = (down, right), at most `reach` each
 *     S_d(p) = sum over the (2 margin + 1)^2 places q around p of D_d(q)     of N = channels (2 margin + 1)^2 terms
 *     d* = the first d, by rows, with the least S_d + N (costOfMotion + costOfDistance (|down| + |right|)),
 *          where d = 0 costs nothing
 *
 * Down and across alike, the parabola through S of d* and of its two neighbours tells a fraction of a pixel, at most 1/2;
 * 0 where a neighbour is out of reach, the parabola has no lowest point or S of d* is 0. All sums are of whole
 * numbers, and so exact: every instruction set finds the same motion.
 *
 * Levels are 0 or more. `out` has how far down, in pixels, at each of NEIGHBOURS (the nearest pixel inside), how far to the right at
 * each of them, and S of d* over N, in levels.
 */
export const blockMatching = kernel({
  numbers: shape,
  inputs: { before: pictures, last: pictures },
  outputs: { out: perPixel(() => MATCHED_FEATURES) },
  // Within an image, places are counted in 32 bits.
  limits: (of) => ({ 'values of one image': of.height * of.width * Math.max(of.channels, MATCHED_FEATURES) }),
});
