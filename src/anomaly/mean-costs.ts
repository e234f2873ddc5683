import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import type { FrameRegions } from './frame-regions.js';

/**
 * Maximum bits of a pixel that count: a few pixels alone, such as the edge of what moves, then make no anomaly. As much
 * is a pixel's difference from the expected frame if one is black and the other white.
 */
const MAX_BITS = 16;

/** Frame whose pixels have costs, as `frameCosts` yields it. */
export interface CostedFrame {
  /** Bits of each pixel, height x width. */
  map: Float64Array;
  /** Pixels of the frame; required if `expected` is given. */
  frame?: Frame | undefined;
  /** Expected frame. If there is none, bits serve in place of the difference from the expected frame. */
  expected?: Frame | null | undefined;
}

/** Kinds of cost: bits and differences of each region, then differences and bits of all pixels, arrays of length 1. */
export const COST_KINDS = ['regionBits', 'regionDifferences', 'fullFrame', 'bits'] as const;
/** Kind of cost: an entry of `COST_KINDS`. */
export type CostKind = (typeof COST_KINDS)[number];

/** Costs of a frame: means over pixels of their bits, or of their differences from the expected frame. */
export type MeanCosts = Record<CostKind, ArrayLike<number>>;

/**
 * Returns the mean costs of a frame over its regions and over all pixels.
 * @throws PxvError `INPUT` if the frame has another size than `regions`
 */
export function computeMeanCosts(regions: FrameRegions, { map, frame, expected }: CostedFrame): MeanCosts {
  const { width, height } = regions.size;
  if (map.length !== width * height)
    throw sizeError('frame', `${width}x${height} pixels, as the frames before`, `${map.length} in all`);
  const bits = map.map((value) => Math.min(value, MAX_BITS));
  const differences = frame && expected ? pixelDifferences(frame, expected) : bits;
  return {
    regionBits: regions.regionMeans(bits),
    // A flat surface that appears costs bits at its edge alone, as its pixels tell each other. Differences count all.
    regionDifferences: regions.regionMeans(differences),
    fullFrame: [mean(differences)],
    bits: [mean(bits)],
  };
}

/** Returns the mean absolute difference of each pixel, height x width, scaled from 0..255 to 0..`MAX_BITS`. */
function pixelDifferences({ data, channels }: Frame, expected: Frame): Float64Array {
  const differences = new Float64Array(data.length / channels);
  for (const [at, level] of data.entries())
    differences[Math.floor(at / channels)] += Math.abs(level - expected.data[at]);
  return differences.map((sum) => (MAX_BITS * sum) / (255 * channels));
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Returns the `INPUT` error for a frame or a baseline of another size. */
export function sizeError(argument: string, expected: string, received: string): Error {
  return errorFactory('INPUT', 'find anomalies')(argument, expected, received, 'resize all frames to one size');
}
