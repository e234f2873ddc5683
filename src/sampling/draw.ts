import type { Levels } from '../foundation/levels.js';
import { randomStreams } from '../foundation/philox.js';
import type { FrameSettings } from '../model/sampling-settings.js';

/** Options for drawing a batch of frames side by side, one of each sample. Each layer picks those that it reads. */
export interface DrawOptions {
  /** Seed of all noise: a whole number from 0 to 2^64 - 1. */
  seed: number | bigint;
  /** Samples of the batch: the first so many of the seed, or the index of each. Each has noise of its own. */
  samples: number | readonly number[];
  /** Index in its clip of the frame to draw, or of the first of several: one for the batch, or one for each sample. */
  frame: number | readonly number[];
  /** Temperature of the frame, and its feedback within. */
  settings: FrameSettings;
  /**
   * Levels of sub-pixels that are known in all frames of the batch, height x width x channels, -1 for those to draw.
   * Known ones are kept, and cost nothing. Default: none is known.
   */
  known?: Int16Array | undefined;
  /** Whether features of earlier pixels are made, by a network that has some. Default: they are, as in scores. */
  earlierPixels?: boolean | undefined;
  /**
   * Predictions of each frame at longer strides, [batch][predictions], height x width x channels levels each. The
   * expected frame is the mean of these and of the prediction from the frames just before. Default: none.
   */
  longerStrides?: readonly (readonly Levels[])[] | undefined;
  /** Coded bytes of each scale, for a batch of one frame: levels are decoded from them, not drawn. See `FrameCoder`. */
  coded?: readonly Uint8Array[] | undefined;
  /** Called after each row of each scale with the fraction of the batch's sub-pixels that are done, 0 to 1. */
  onRow?: ((fraction: number) => void) | undefined;
  /** Aborts the draw after the row at hand. */
  signal?: AbortSignal | undefined;
}

/** Options of a draw that may be left out. */
export type Optional<Option extends keyof DrawOptions> = { [O in Option]?: DrawOptions[O] | undefined };

/** Returns the index of each sample of a batch. */
export function sampleIndices(samples: DrawOptions['samples']): readonly number[] {
  return typeof samples === 'number' ? Array.from({ length: samples }, (_, index) => index) : samples;
}

/** Distance between the counters' last words of two scales; the other `randomStreams` lie among those of the first. */
const SCALE_WORDS = 256;

/**
 * Returns the counters of the batch's noise at a scale, [batch, 3]: of each image the first word, the second, and the
 * last of channel 0.
 *
 * Each sub-pixel has one uniform number, a function of the seed and of which sub-pixel it is, never of the order of
 * drawing. It is that of the Philox block whose counter is (sample, frame, position, channel + 256 scale). Position and
 * channel are those at its scale.
 */
export function noiseCounters({ samples, frame }: Pick<DrawOptions, 'samples' | 'frame'>, scale: number): Uint32Array {
  const counters = sampleIndices(samples).map((sample, at) => {
    return [sample, typeof frame === 'number' ? frame : frame[at], randomStreams.sampling + SCALE_WORDS * scale];
  });
  return Uint32Array.from(counters.flat());
}
