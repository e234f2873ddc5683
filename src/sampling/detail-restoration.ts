import { tf } from '../foundation/tfjs.js';
import type { Rank } from '@tensorflow/tfjs-core';
import { BLOCK_MATCHING, blockMatching, extrapolateField } from '../backend/block-matching.js';
import { MATCHED_FEATURES, NEIGHBOURS } from '../backend/kernels/index.js';
import { MAX_MOTION_FRAMES } from '../conditioning/context/history.js';
import { levelToByte, type ImageShape } from '../foundation/levels.js';
import { blur } from './blur.js';

/** Maximum gain of the expected frame's fine detail. */
const MAX_GAIN = 2;
/** Variance added to both sides of a ratio of variances, in squared levels of 255, so that flat areas stay flat. */
const FLAT_VARIANCE = 0.5;

/** Statistics of a reference frame that shows how much fine detail a predicted frame should have. */
interface DetailReference {
  /** Number of frames from the last known one to the predicted one. */
  ahead: number;
  /** Local variance of fine detail, a value per pixel: see `detailVariance`. */
  variance: Float32Array;
  /** Minimum of each sub-pixel and its eight neighbours, in bytes. */
  lowest: Uint8Array;
  /** Maximum of each sub-pixel and its eight neighbours, in bytes. */
  highest: Uint8Array;
}

/**
 * Restores fine detail of drawn frames, by unsharp masking with local gain. The expected frame, about which frames are
 * drawn, is too smooth: the mean of all that may follow. Detail is a frame's difference from the frame blurred. That of
 * the expected frame is amplified and the noise of the draw kept, until the local variance is that of a reference: the
 * last known frame, moved along its motion to the whole pixel (see `extrapolateField`), which keeps its texture. The
 * result is clipped to the range of the reference at the pixel and its neighbours, extended to the expected level.
 * Draws beyond this range look like specks (docs/decisions/0022-detail-of-drawn-frames.md).
 */
export class DetailRestoration {
  /** Block matching of the last two known frames, [height, width, features]. */
  private readonly found: Float32Array;
  /** Reference of the frame restored last. Samples of one history share it. */
  private reference: DetailReference | null = null;

  /**
   * @param last last known frame, height x width x channels bytes
   * @param before last known frame but one; if it is `last`, nothing moves
   */
  constructor(
    private readonly shape: ImageShape,
    private readonly last: Uint8Array,
    before: Uint8Array,
  ) {
    const { size, channels } = shape;
    this.found = tf.tidy(() => {
      const frames = [before, last].map((frame) =>
        tf.tensor<Rank.R4>(Float32Array.from(frame), [1, size.height, size.width, channels]),
      );
      const found = blockMatching({ ...size, channels, ...BLOCK_MATCHING }, frames[0], frames[1]);
      return Float32Array.from(found.dataSync<'float32'>());
    });
  }

  /**
   * Returns a drawn frame with its detail restored, rounded to levels, in bytes.
   * @param ahead number of frames from the last known one to the drawn one, 1 for the next
   * @param frame drawn frame, height x width x channels bytes
   * @param expected expected frame that `frame` was drawn about, likewise
   */
  restore(ahead: number, frame: Uint8Array, expected: Uint8Array): Uint8Array {
    const { channels, levels } = this.shape;
    const { variance, lowest, highest } = this.referenceAt(Math.min(ahead, MAX_MOTION_FRAMES));
    const smooth = blur(expected, this.shape);
    const ofExpected = detailVariance(expected, smooth, this.shape);
    const ofDrawn = detailVariance(frame, blur(frame, this.shape), this.shape);
    const restored = new Uint8Array(frame.length);
    for (let pixel = 0, at = 0; pixel < ofDrawn.length; pixel++) {
      const noise = Math.max(ofDrawn[pixel] - ofExpected[pixel], 0);
      const missing = Math.max(variance[pixel] - noise, 0);
      const gain = Math.sqrt((missing + FLAT_VARIANCE) / (ofExpected[pixel] + FLAT_VARIANCE));
      const added = Math.min(Math.max(gain, 1), MAX_GAIN) - 1;
      for (const end = at + channels; at < end; at++) {
        const sharper = frame[at] + added * (expected[at] - smooth[at]);
        const [low, high] = [Math.min(lowest[at], expected[at]), Math.max(highest[at], expected[at])];
        const value = Math.min(Math.max(sharper, low), high);
        restored[at] = levelToByte(Math.round((value / 255) * (levels - 1)), levels);
      }
    }
    return restored;
  }

  private referenceAt(ahead: number): DetailReference {
    if (this.reference?.ahead !== ahead) {
      const moved = this.lastFrameMoved(ahead);
      const variance = detailVariance(moved, blur(moved, this.shape), this.shape);
      this.reference = { ahead, variance, ...neighbourRange(moved, this.shape) };
    }
    return this.reference;
  }

  /** Returns the last known frame warped to the frame `ahead` frames later, each pixel from the nearest whole pixel. */
  private lastFrameMoved(ahead: number): Uint8Array {
    const { size, channels } = this.shape;
    const { width, height } = size;
    const motion = tf.tidy(() => {
      const found = tf.tensor<Rank.R4>(this.found, [1, height, width, MATCHED_FEATURES]);
      return extrapolateField(found, [ahead]).dataSync<'float32'>();
    });
    const moved = new Uint8Array(this.last.length);
    for (let y = 0, pixel = 0; y < height; y++)
      for (let x = 0; x < width; x++, pixel++) {
        const [down, right] = [0, NEIGHBOURS.length].map((feature) => motion[pixel * MATCHED_FEATURES + feature]);
        const row = Math.min(Math.max(Math.round(y + down), 0), height - 1);
        const column = Math.min(Math.max(Math.round(x + right), 0), width - 1);
        const from = (row * width + column) * channels;
        for (let c = 0; c < channels; c++) moved[pixel * channels + c] = this.last[from + c];
      }
    return moved;
  }
}

/**
 * Returns the local variance of a frame's fine detail at each pixel, in squared levels of 255: the squared difference
 * from the blurred frame, averaged over channels and blurred.
 */
function detailVariance(frame: Uint8Array, smooth: Float32Array, { size, channels }: ImageShape): Float32Array {
  const squares = new Float32Array(frame.length / channels);
  for (let at = 0; at < frame.length; at++) squares[Math.floor(at / channels)] += (frame[at] - smooth[at]) ** 2;
  return blur(squares, { size, channels: 1 }).map((sum) => sum / channels);
}

/** Returns the minimum and maximum of each sub-pixel and its neighbours of the same channel, at most eight. */
function neighbourRange(
  frame: Uint8Array,
  { size, channels }: ImageShape,
): Pick<DetailReference, 'lowest' | 'highest'> {
  const [lowest, highest] = [frame.slice(), frame.slice()];
  for (let at = 0; at < frame.length; at++) {
    const column = Math.floor(at / channels) % size.width;
    for (let right = column > 0 ? -1 : 0; right <= (column < size.width - 1 ? 1 : 0); right++)
      for (let down = -1; down <= 1; down++) {
        const beside = frame[at + (down * size.width + right) * channels] ?? frame[at];
        lowest[at] = Math.min(lowest[at], beside);
        highest[at] = Math.max(highest[at], beside);
      }
  }
  return { lowest, highest };
}
