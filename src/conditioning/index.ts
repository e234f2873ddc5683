import type { Conditioning, InputRequirements } from './conditioning.js';
import { lowResolutionImage, type LowResolutionImageDescription } from './low-resolution-image.js';
import { warpedFrames } from './warped-frames.js';
import type { WarpedFramesDescription } from './warped-frames-description.js';
import { previousFrames, type PreviousFramesDescription } from './previous-frames.js';

export type * from './conditioning.js';
/** Description of a conditioning of any kind. @inline */
export type ConditioningDescription =
  PreviousFramesDescription | WarpedFramesDescription | LowResolutionImageDescription;

/** Registry of all kinds of conditioning, by type; a new one is a file, and a line here and above. */
export const conditionings = {
  'previous-frames': previousFrames,
  'warped-frames': warpedFrames,
  'low-resolution-image': lowResolutionImage,
} as const;

/** Returns the kind of conditioning that a description names. */
export function getConditioning(description: ConditioningDescription): Conditioning<ConditioningDescription> {
  return conditionings[description.type];
}

/** Returns the number of anchors of a sub-pixel, summed over the conditionings of a network; 0: none. */
export function countAnchors(descriptions: readonly ConditioningDescription[]): number {
  return descriptions.reduce((sum, description) => sum + getConditioning(description).anchors, 0);
}

/** Returns true if the conditionings of a network learn its first anchor: the expected frame. */
export function hasLearnedAnchor(descriptions: readonly ConditioningDescription[]): boolean {
  return descriptions.some((description) => getConditioning(description).learned);
}

/**
 * Returns the joint requirements of a network's conditionings: the longest context, and the relation to the coarser
 * scale if any reads it.
 */
export function inputRequirements(descriptions: readonly ConditioningDescription[]): InputRequirements {
  const needs = descriptions.map((description) => getConditioning(description).needs(description));
  return {
    context: Math.max(0, ...needs.map(({ context }) => context)),
    coarser: needs.find(({ coarser }) => coarser !== null)?.coarser ?? null,
  };
}
