import { assertInteger } from '../backend/kernels/geometry.js';
import type { Levels } from '../foundation/levels.js';
import { randomStreams } from '../foundation/philox.js';
import type { FrameSettings } from '../model/sampling-settings.js';

/** Options for drawing a batch of frames, one frame of each sample. Each class that draws reads some of the options. */
export interface DrawOptions {
  /** Seed of all random numbers: a whole number from 0 to 2^64 - 1. */
  seed: number | bigint;
  /** Number of samples, with indices from 0, or the index of each sample. Each index has random numbers of its own. */
  samples: number | readonly number[];
  /** Index in the clip of the frame to draw, or of a rollout's first frame: one for all samples, or one for each. */
  frame: number | readonly number[];
  /** Temperature of the frame, and feedback within the frame. */
  settings: FrameSettings;
  /**
   * Known levels, height x width x channels, the same for all frames of the batch; -1 for sub-pixels to draw. Known
   * sub-pixels are kept and add nothing to the nats. Default: none is known.
   */
  known?: Int16Array | undefined;
  /**
   * True to compute the features of earlier pixels, if the network has methods for them. False: the features of no
   * match are read. Default: true, as in scoring.
   */
  earlierPixels?: boolean | undefined;
  /**
   * Predictions of each frame at longer strides, [batch][predictions], in levels, height x width x channels each. The
   * expected frame is the mean of these predictions and of the prediction at stride 1. Default: none.
   */
  longerStrides?: readonly (readonly Levels[])[] | undefined;
  /** Coded bytes of each scale, for a batch of one frame: levels are decoded, not drawn (see `FrameCoder`). */
  coded?: readonly Uint8Array[] | undefined;
  /** Progress callback: receives, after each row of each scale, the fraction of sub-pixels done, 0 to 1. */
  onRow?: ((fraction: number) => void) | undefined;
  /** Signal that aborts the draw after the current row: the draw rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Maximum number of samples of a draw. */
const MAX_SAMPLES = 2 ** 20;

/**
 * Returns the index of each sample: `samples` if it is a list, else 0 to `samples` - 1.
 * @throws PxvError `USAGE` if a number of samples is no whole number from 0 to 2^20
 */
export function sampleIndices(samples: DrawOptions['samples']): readonly number[] {
  if (typeof samples === 'number') assertInteger('draw images', 'samples', samples, 0, MAX_SAMPLES);
  return typeof samples === 'number' ? Array.from({ length: samples }, (_, index) => index) : samples;
}

/** Step of a counter's last word from one scale to the next. The other `randomStreams` lie within the first step. */
const SCALE_WORDS = 256;

/**
 * Returns the Philox counters of a batch's random numbers at a scale, [batch, 3]: for each image, words 0 and 1, and
 * word 3 of channel 0.
 *
 * Each sub-pixel has one uniform number, a function of the seed and of the sub-pixel's coordinates, never of the order
 * of drawing. The number comes from the Philox block with the counter (sample, frame, position, channel + 256 scale +
 * `randomStreams.sampling`). Position and channel are those at the scale.
 */
export function noiseCounters({ samples, frame }: Pick<DrawOptions, 'samples' | 'frame'>, scale: number): Uint32Array {
  const counters = sampleIndices(samples).map((sample, at) => {
    return [sample, typeof frame === 'number' ? frame : frame[at], randomStreams.sampling + SCALE_WORDS * scale];
  });
  return Uint32Array.from(counters.flat());
}
