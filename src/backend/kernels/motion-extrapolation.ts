import { MATCHED_FEATURES } from './block-matching.js';
import { count, extent, kernel, perPixel, scalarArguments } from './description.js';

/**
 * Kernel that extrapolates the motion of `blockMatching` over `steps` frames, if each content keeps its motion and
 * carries the motion along. A motion that stayed where it was measured would lose a small thing as soon as the thing
 * leaves its old place. `found` holds the motion v(p) of each pixel p at the last known frame, back to the frame
 * before: the features of the neighbour [0, 0]. near(x) is floor(x + 1/2) of each coordinate.
 *
 *     v_0(p) = v(p), and v_k is v_(k-1) moved along itself by one frame:
 *     v_k(near(q - v_(k-1)(q))) = v_(k-1)(q) for each pixel q, where that place is in the frame. Of several q, the one
 *          counts whose |down| + |right| from the upper median of each coordinate of v_(k-1) is the largest, as of a
 *          foreground; the first by rows
 *     gaps, which no q reaches, are filled from their rims inwards, a pixel at a time: of the eight neighbours, the
 *          motion counts whose distance from the median is the least, as of a background; the first by rows
 *     D_1 = v_1, D_k(p) = v_k(p) + D_(k-1)(near(p + v_k(p))), the nearest pixel inside the frame
 *
 * `out` holds D of `steps` as `blockMatching` holds motions: down at each of NEIGHBOURS, then to the right, then the
 * difference of `found`. A motion that is not finite is 0. Motions are compared in float64, and D is a float32 sum:
 * every instruction set gives the same bits.
 */
export const motionExtrapolation = kernel({
  numbers: scalarArguments('MotionExtrapolationNumbers', { batch: count, height: extent, width: extent }),
  inputs: {
    found: perPixel(() => MATCHED_FEATURES),
    /** Number of frames from the last known one to the one to predict, 1 to 64, of each example; clamped. */
    steps: { shape: ({ batch }) => [batch] },
  },
  outputs: { out: perPixel(() => MATCHED_FEATURES) },
  // Indices within an image are 32-bit.
  limits: ({ height, width }) => ({ 'values of one image': height * width * MATCHED_FEATURES }),
});
