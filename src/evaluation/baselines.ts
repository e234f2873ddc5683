import type { Frame } from '../foundation/frame.js';
import { byteToLevel } from '../foundation/levels.js';
import { assertSameGeometry } from './metrics.js';

/** Bits per dim of a model that takes every level for equally likely. */
export function uniformBitsPerDim(levels: number): number {
  return Math.log2(levels);
}

/**
 * The change from the previous frame, as levels: (current - previous) mod their number. What it costs is the entropy of its
 * histogram over a clip, that of a `HistogramBaseline` of one channel: the histogram is the clip's own and comes for free, so no
 * code that looks at one change at a time can do better.
 * @param levels those of the model that it is compared with: fewer levels cost less
 * @throws PxvError `INPUT` where the frames differ in geometry
 */
export function levelDifferences(previous: Frame, current: Frame, levels: number): Uint8Array {
  assertSameGeometry('the previous-frame baseline', previous, current);
  const change = (byte: number, at: number) => byteToLevel(byte, levels) - byteToLevel(previous.data[at], levels);
  return current.data.map((byte, at) => (change(byte, at) + levels) % levels);
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
