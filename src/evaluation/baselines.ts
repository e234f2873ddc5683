import type { Frame } from '../frame.js';
import { checkSameGeometry } from './metrics.js';

const byteValues = 256;

/** Bits per dim of a model that takes every level for equally likely. */
export function uniformBitsPerDim(levels: number): number {
  return Math.log2(levels);
}

/**
 * What the change from the previous frame costs: the entropy of the histogram of (current - previous) mod 256, in bits
 * per dim, all channels and frames added so far together. The histogram is the clip's own and comes for free, so no
 * code that looks at one change at a time can do better.
 */
export class PreviousFrameBaseline {
  private readonly histogram = new Float64Array(byteValues);
  private count = 0;

  /** Frames of different geometry are an `INPUT` error. */
  add(previous: Frame, current: Frame): void {
    checkSameGeometry('the previous-frame baseline', previous, current);
    for (let i = 0; i < current.data.length; i++) this.histogram[(current.data[i] - previous.data[i]) & 255]++;
    this.count += current.data.length;
  }

  /** Number of sub-pixels added. */
  get dimensions(): number {
    return this.count;
  }

  /** NaN before anything was added. */
  get bitsPerDim(): number {
    let weighted = 0;
    for (const count of this.histogram) if (count > 0) weighted += count * Math.log2(count);
    return Math.log2(this.count) - weighted / this.count;
  }
}

/**
 * What the levels cost when nothing but their frequency is known: the entropy of a histogram for each colour channel, in
 * bits per dim. The histograms are those of the images added, and come for free.
 */
export class HistogramBaseline {
  private readonly counts: Float64Array;
  private dimensions = 0;

  constructor(
    private readonly channels: number,
    private readonly levels: number,
  ) {
    this.counts = new Float64Array(channels * levels);
  }

  /** @param image levels, the channels of a pixel together */
  add(image: Uint8Array): void {
    for (let i = 0; i < image.length; i++) this.counts[(i % this.channels) * this.levels + image[i]]++;
    this.dimensions += image.length;
  }

  /** NaN before anything was added. */
  get bitsPerDim(): number {
    let weighted = 0;
    for (const count of this.counts) if (count > 0) weighted += count * Math.log2(count);
    return Math.log2(this.dimensions / this.channels) - weighted / this.dimensions;
  }
}
