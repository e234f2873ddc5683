import { count, extent, kernel, scalarArguments, perPixel, pictures, single, type ValuesOf } from './description.js';

const warp = scalarArguments('WarpShape', {
  batch: count,
  height: extent,
  width: extent,
  /** Number of channels of one frame. */
  channels: extent,
  /** Number of frames, K. */
  frames: extent,
  /** Number of motion fields of each frame, F. */
  flows: extent,
  /** Displacement, in pixels, of one unit of network output. */
  flowScale: single,
});

/**
 * Parameters of `warpedMixture`: size and `channels` of a frame; number of `frames`, K; number of `flows`, motion
 * fields of each frame, F; `flowScale`, the displacement in pixels of one unit of motion.
 */
export type WarpShape = Omit<ValuesOf<typeof warp>, 'batch'>;
type WarpCall = WarpShape & { batch: number };

const frames = perPixel((of: WarpCall) => of.frames * of.channels);
const motion = perPixel((of: WarpCall) => 3 * of.frames * of.flows);
/** Limits: indices within an image are 32-bit. */
const limits = ({ height, width, channels, frames, flows }: WarpCall) => ({
  'frames of one image': height * width * frames * channels,
  'motion of one image': height * width * 3 * frames * flows,
});

/**
 * Mixture of warped frames: for each pixel a weighted mean of n = K F samples, where sample i is of frame floor(i / F).
 * With dy_i (down) and dx_i (to the right) the displacements of the pixel, and l_i its logits:
 *
 *     y_i = clamp(row + flowScale * dy_i, 0, height - 1),   x_i = clamp(column + flowScale * dx_i, 0, width - 1)
 *     out = sum_i softmax(l)_i * (frame at (y_i, x_i), bilinear between four pixels)
 *
 * The four pixels begin at (floor(y_i), floor(x_i)), or one before if that is the last row or column. `frames` holds
 * the channels of each frame side by side; `motion` n vertical displacements, n horizontal displacements, n logits.
 */
export const warpedMixture = kernel({
  numbers: warp,
  inputs: { frames, motion },
  outputs: { out: pictures },
  limits,
});

/**
 * Gradient of `warpedMixture` with respect to `motion`, given dOut. The gradient of a displacement is zero where its
 * coordinate is clamped. A coordinate on the border of two cells takes the second cell's gradient.
 */
export const warpedMixtureGradient = kernel({
  numbers: warp,
  inputs: { frames, motion, dOut: pictures },
  outputs: { dMotion: motion },
  limits,
});

/** Gradient of `warpedMixture` with respect to `frames`, given dOut. The mixture is linear in the frames. */
export const warpedMixtureFramesGradient = kernel({
  numbers: warp,
  inputs: { motion, dOut: pictures },
  outputs: { dFrames: frames },
  limits,
});
