import { count, extent, kernel, numbers, perPixel, pictures, single, type ValuesOf } from './description.js';

const warp = numbers('WarpShape', {
  batch: count,
  height: extent,
  width: extent,
  /** Channels of one frame. */
  channels: extent,
  /** Number of frames that are read, K. */
  frames: extent,
  /** Ways in which each of them is moved, F. */
  flows: extent,
  /** Pixels that one unit of the network's output moves a frame by. */
  flowScale: single,
});

/** What moves, and how. */
export type WarpShape = Omit<ValuesOf<typeof warp>, 'batch'>;
type WarpCall = WarpShape & { batch: number };

const frames = perPixel((of: WarpCall) => of.frames * of.channels);
const motion = perPixel((of: WarpCall) => 3 * of.frames * of.flows);
/** Within an image, places are counted in 32 bits. */
const limits = ({ height, width, channels, frames, flows }: WarpCall) => ({
  'frames of one image': height * width * frames * channels,
  'motion of one image': height * width * 3 * frames * flows,
});

/**
 * For each pixel, a mixture of n = K F samples of K frames, where sample i is of frame floor(i / F), moved. With
 * dy_i and dx_i the displacements of the pixel, and l_i its logits:
 *
 *     y_i = clamp(row + flowScale * dy_i, 0, height - 1),   x_i = clamp(column + flowScale * dx_i, 0, width - 1)
 *     out = sum_i softmax(l)_i * (frame at (y_i, x_i), bilinear between four pixels)
 *
 * The four pixels begin at (floor(y_i), floor(x_i)), but in the last row or column at the one before it. `frames` has the
 * channels of each frame together; `motion` n vertical displacements, n horizontal ones, n logits.
 */
export const warpedMixture = kernel({
  numbers: warp,
  inputs: { frames, motion },
  outputs: { out: pictures },
  limits,
});

/**
 * Gradient of `warpedMixture` with respect to the motion, given dOut. That of a displacement is zero where its
 * coordinate is clamped, and between two cells it is that of the second one.
 */
export const warpedMixtureGradient = kernel({
  numbers: warp,
  inputs: { frames, motion, dOut: pictures },
  outputs: { dMotion: motion },
  limits,
});

/** Gradient of `warpedMixture`, which is linear in the frames, with respect to them, given dOut. */
export const warpedMixtureFramesGradient = kernel({
  numbers: warp,
  inputs: { motion, dOut: pictures },
  outputs: { dFrames: frames },
  limits,
});
