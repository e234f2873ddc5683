import { median } from '../foundation/median.js';
import type { CostKind } from './mean-costs.js';

/** Kinds of z-score: of regions' differences, of regions' bits, and of the full frame, high for frozen frames too. */
export const Z_SCORE_KINDS = ['difference', 'bits', 'fullFrame'] as const;
/** Kinds of deviation: z-scores, and the median of the highest of a frame over the second around the frame. */
export const DEVIATION_KINDS = [...Z_SCORE_KINDS, 'second'] as const;

/** Z-scores of a frame's mean costs. */
export type ZScores = Record<CostKind, readonly number[]>;

/** Highest z-score of each kind of a frame, at least 0. */
export type FrameDeviations = Record<(typeof Z_SCORE_KINDS)[number], number>;

/** Deviations of a frame from the baseline. */
export type Deviations = Record<(typeof DEVIATION_KINDS)[number], number>;

/** Deviations of a frame whose context frames are missing. */
export const NO_DEVIATIONS: FrameDeviations = { difference: 0, bits: 0, fullFrame: 0 };

/**
 * Returns the highest z-score of each kind of a frame. A region below its baseline is no anomaly, since something may
 * only have stopped moving. Full frames far below their baseline are an anomaly: the source is frozen.
 * @param cheap z-scores of the bits of the full frame and of the frames just before, negated: positive if a frame is
 *   cheaper than the baseline
 */
export function highestZScores(
  { regionDifferences, regionBits, fullFrame }: ZScores,
  cheap: readonly number[],
): FrameDeviations {
  return {
    difference: Math.max(0, ...regionDifferences),
    bits: Math.max(0, ...regionBits),
    fullFrame: Math.max(0, fullFrame[0], Math.min(...cheap)),
  };
}

/**
 * Returns the deviations of frame `at` of `all`, with the median over the second around the frame. At the end of `all`,
 * that is the last full second: a few frames alone would be its median.
 * @param half number of frames in half a second
 */
export function includeSecond(all: readonly FrameDeviations[], at: number, half: number): Deviations {
  const around = all.slice(Math.max(0, Math.min(at - half, all.length - 2 * half - 1)), at + half + 1);
  return { ...all[at], second: median(around.map((each) => Math.max(...Object.values(each)))) };
}
