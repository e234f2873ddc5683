import type { Frame } from '../foundation/frame.js';
import { byteToLevel } from '../foundation/levels.js';
import { assertSameGeometry } from './metrics.js';

/** Returns the bits/dim of the uniform distribution over `levels`. */
export function uniformBitsPerDim(levels: number): number {
  return Math.log2(levels);
}

/**
 * Returns the level of each sub-pixel minus that in the previous frame, modulo the number of levels. The entropy of the
 * differences over a clip (a `HistogramBaseline` of one channel) is the previous-frame baseline. The cost of the
 * histogram itself is not counted, so no code of one difference at a time does better.
 * @param levels number of levels of the model that is compared, to which bytes are quantized; fewer levels cost less
 * @throws PxvError `INPUT` if the frames differ in geometry
 */
export function levelDifferences(previous: Frame, current: Frame, levels: number): Uint8Array {
  assertSameGeometry('the previous-frame baseline', previous, current);
  const change = (byte: number, at: number) => byteToLevel(byte, levels) - byteToLevel(previous.data[at], levels);
  return current.data.map((byte, at) => (change(byte, at) + levels) % levels);
}

/** Returns by how many percent bits are fewer than a baseline's, as text; `-` if the baseline needs no bits. */
export function formatFewerBits(bits: number, baseline: number): string {
  return baseline === 0 ? '-' : `${(100 * (1 - bits / baseline)).toFixed(1)}%`;
}

/**
 * Baseline in bits/dim: the entropy of a histogram of the levels of each channel. The histograms are those of the added
 * images, and their own cost is not counted.
 */
export class HistogramBaseline {
  private readonly counts: Float64Array;
  /** Number of sub-pixels added. */
  dimensions = 0;

  constructor(
    private readonly channels: number,
    private readonly levels: number,
  ) {
    this.counts = new Float64Array(channels * levels);
  }

  /** Adds an image. @param image levels of the sub-pixels, height x width x channels */
  add(image: Uint8Array): void {
    for (let i = 0; i < image.length; i++) this.counts[(i % this.channels) * this.levels + image[i]]++;
    this.dimensions += image.length;
  }

  /** Entropy of the added images in bits/dim; NaN before the first image. */
  get bitsPerDim(): number {
    const { dimensions } = this;
    if (dimensions === 0) return NaN;
    const perChannel = dimensions / this.channels;
    // Exactly 0 where all levels of a channel are equal.
    const bits = (count: number) => (count === 0 ? 0 : (count / dimensions) * Math.log2(perChannel / count));
    return this.counts.reduce((sum, count) => sum + bits(count), 0);
  }
}
