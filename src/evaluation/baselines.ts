import type { Frame } from '../foundation/frame.js';
import { levelOf } from '../model/examples.js';
import { checkSameGeometry } from './metrics.js';

/** Bits per dim of a model that takes every level for equally likely. */
export function uniformBitsPerDim(levels: number): number {
  return Math.log2(levels);
}

/**
 * What the change from the previous frame costs: the entropy of the histogram of (current - previous) mod the number of
 * levels, both brought to these levels, in bits per dim, all channels and frames added so far together. The histogram is
 * the clip's own and comes for free, so no code that looks at one change at a time can do better.
 */
export class PreviousFrameBaseline {
  private readonly changes: HistogramBaseline;

  /** @param levels those of the model that it is compared with: fewer levels cost less */
  constructor(private readonly levels: number) {
    this.changes = new HistogramBaseline(1, levels);
  }

  /** Frames of different geometry are an `INPUT` error. */
  add(previous: Frame, current: Frame): void {
    checkSameGeometry('the previous-frame baseline', previous, current);
    const { levels } = this;
    const changeTo = (byte: number, at: number) => levelOf(byte, levels) - levelOf(previous.data[at], levels);
    this.changes.add(current.data.map((byte, at) => (changeTo(byte, at) + levels) % levels));
  }

  /** Number of sub-pixels added. */
  get dimensions(): number {
    return this.changes.dimensions;
  }

  /** NaN before anything was added. */
  get bitsPerDim(): number {
    return this.changes.bitsPerDim;
  }
}

/**
 * What the levels cost when nothing but their frequency is known: the entropy of a histogram for each colour channel, in
 * bits per dim. The histograms are those of the images added, and come for free.
 */
export class HistogramBaseline {
  private readonly counts: Float64Array;
  /** Sub-pixels added. */
  dimensions = 0;

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
    const weighted = this.counts.reduce((sum, count) => (count > 0 ? sum + count * Math.log2(count) : sum), 0);
    return Math.log2(this.dimensions / this.channels) - weighted / this.dimensions;
  }
}
