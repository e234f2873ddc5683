import type { WarpShape } from '../kernels.js';

/** See Kernels.warpedMixture. */
export function warpedMixture(
  shape: WarpShape,
  batch: number,
  frames: Float32Array,
  motion: Float32Array,
  out: Float32Array,
): void {
  const { channels } = shape;
  const samples = new Samples(shape, frames, motion);
  const sums = new Float64Array(channels);
  for (let pixel = 0; pixel < batch * shape.height * shape.width; pixel++) {
    samples.weigh(pixel);
    sums.fill(0);
    for (let i = 0; i < samples.weights.length; i++) {
      samples.locate(pixel, i);
      for (let c = 0; c < channels; c++) {
        samples.read(c);
        sums[c] += samples.weights[i] * samples.value;
      }
    }
    out.set(sums, pixel * channels);
  }
}

/**
 * With w the weights, s the samples and g = dOut, summed over channels:
 *
 *     d logit_i        = w_i (g s_i - sum_j w_j g s_j)
 *     d displacement_i = w_i flowScale g ds_i / d coordinate, zero where the coordinate is clamped
 */
export function warpedMixtureGradient(
  shape: WarpShape,
  batch: number,
  frames: Float32Array,
  motion: Float32Array,
  dOut: Float32Array,
  dMotion: Float32Array,
): void {
  const { channels, flowScale } = shape;
  const samples = new Samples(shape, frames, motion);
  const { weights } = samples;
  const candidates = weights.length;
  const values = new Float64Array(candidates);
  for (let pixel = 0; pixel < batch * shape.height * shape.width; pixel++) {
    const at = pixel * 3 * candidates;
    samples.weigh(pixel);
    let mean = 0;
    for (let i = 0; i < candidates; i++) {
      samples.locate(pixel, i);
      let [down, right] = [0, 0];
      values[i] = 0;
      for (let c = 0; c < channels; c++) {
        const g = dOut[pixel * channels + c];
        samples.read(c);
        down += g * samples.down;
        right += g * samples.right;
        values[i] += g * samples.value;
      }
      dMotion[at + i] = samples.y.isInside ? weights[i] * flowScale * down : 0;
      dMotion[at + candidates + i] = samples.x.isInside ? weights[i] * flowScale * right : 0;
      mean += weights[i] * values[i];
    }
    for (let i = 0; i < candidates; i++) dMotion[at + 2 * candidates + i] = weights[i] * (values[i] - mean);
  }
}

/** d (frame of sample i at one of its four pixels) = w_i (bilinear share of that pixel) dOut, summed. */
export function warpedMixtureFramesGradient(
  shape: WarpShape,
  batch: number,
  motion: Float32Array,
  dOut: Float32Array,
  dFrames: Float32Array,
): void {
  const { channels } = shape;
  const samples = new Samples(shape, dFrames, motion);
  dFrames.fill(0);
  for (let pixel = 0; pixel < batch * shape.height * shape.width; pixel++) {
    samples.weigh(pixel);
    for (let i = 0; i < samples.weights.length; i++) {
      samples.locate(pixel, i);
      for (let c = 0; c < channels; c++) samples.add(c, samples.weights[i] * dOut[pixel * channels + c]);
    }
  }
}

/** Where samples lie along one axis: `fraction` beyond the first pixel of their cell. */
class Axis {
  cell = 0;
  fraction = 0;
  isInside = true;

  constructor(private readonly size: number) {}

  locate(coordinate: number): void {
    const place = Math.min(Math.max(coordinate, 0), this.size - 1);
    this.cell = Math.max(Math.min(Math.floor(place), this.size - 2), 0);
    this.fraction = place - this.cell;
    this.isInside = place === coordinate;
  }
}

/** The samples of one pixel after another; objects would cost more than what is in them. */
class Samples {
  /** softmax of the pixel's logits. */
  readonly weights: Float64Array;
  readonly y: Axis;
  readonly x: Axis;
  /** One channel of one sample, and its derivatives with respect to y and x. */
  value = 0;
  down = 0;
  right = 0;
  /** In `frames`: the first of the four pixels, and how far the next row and column are. */
  private corner = 0;
  private readonly nextRow: number;
  private readonly nextColumn: number;

  constructor(
    private readonly shape: WarpShape,
    private readonly frames: Float32Array,
    private readonly motion: Float32Array,
  ) {
    const { height, width } = shape;
    const stride = shape.frames * shape.channels;
    this.weights = new Float64Array(shape.frames * shape.flows);
    [this.y, this.x] = [new Axis(height), new Axis(width)];
    this.nextRow = height > 1 ? width * stride : 0;
    this.nextColumn = width > 1 ? stride : 0;
  }

  weigh(pixel: number): void {
    const { weights, motion } = this;
    const at = (3 * pixel + 2) * weights.length;
    let most = motion[at];
    for (let i = 1; i < weights.length; i++) most = Math.max(most, motion[at + i]);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += weights[i] = Math.exp(motion[at + i] - most);
    for (let i = 0; i < weights.length; i++) weights[i] /= sum;
  }

  /** Goes to sample i of the pixel. */
  locate(pixel: number, i: number): void {
    const { height, width, channels, frames, flows, flowScale } = this.shape;
    const at = 3 * pixel * this.weights.length + i;
    const row = Math.floor(pixel / width);
    this.y.locate((row % height) + flowScale * this.motion[at]);
    this.x.locate((pixel % width) + flowScale * this.motion[at + this.weights.length]);
    const first = ((row - (row % height) + this.y.cell) * width + this.x.cell) * frames;
    this.corner = (first + Math.floor(i / flows)) * channels;
  }

  read(channel: number): void {
    const { frames, nextRow, nextColumn } = this;
    const at = this.corner + channel;
    const along = frames[at + nextColumn] - frames[at];
    const lowerAlong = frames[at + nextRow + nextColumn] - frames[at + nextRow];
    const upper = frames[at] + this.x.fraction * along;
    this.down = frames[at + nextRow] + this.x.fraction * lowerAlong - upper;
    this.right = along + this.y.fraction * (lowerAlong - along);
    this.value = upper + this.y.fraction * this.down;
  }

  /** Adds to one channel of the four pixels, to each its share. */
  add(channel: number, value: number): void {
    const { frames, nextRow, nextColumn } = this;
    const at = this.corner + channel;
    const lower = value * this.y.fraction;
    const upper = value - lower;
    frames[at] += upper * (1 - this.x.fraction);
    frames[at + nextColumn] += upper * this.x.fraction;
    frames[at + nextRow] += lower * (1 - this.x.fraction);
    frames[at + nextRow + nextColumn] += lower * this.x.fraction;
  }
}
