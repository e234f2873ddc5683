import type { Conditioning, InputRequirements } from './conditioning.js';
import { lowResolutionImage, type LowResolutionImageDescription } from './low-resolution-image.js';
import { warpedFrames, type WarpedFramesDescription } from './warped-frames.js';
import { previousFrames, type PreviousFramesDescription } from './previous-frames.js';

export * from './conditioning.js';
export type { LowResolutionImageDescription, PreviousFramesDescription, WarpedFramesDescription };
export type ConditioningDescription =
  PreviousFramesDescription | WarpedFramesDescription | LowResolutionImageDescription;

/** Every kind of conditioning; a new one is a file and a line here and above. */
export const conditionings = {
  'previous-frames': previousFrames,
  'warped-frames': warpedFrames,
  'low-resolution-image': lowResolutionImage,
} as const;

export function getConditioning(description: ConditioningDescription): Conditioning<ConditioningDescription> {
  return conditionings[description.type];
}

/** Returns the number of anchors that the conditionings of a network give for each sub-pixel; 0: none. */
export function countAnchors(descriptions: readonly ConditioningDescription[]): number {
  return descriptions.reduce((sum, description) => sum + getConditioning(description).anchors, 0);
}

/** Returns true if a network learns its first anchor: the expected image. */
export function hasLearnedAnchor(descriptions: readonly ConditioningDescription[]): boolean {
  return descriptions.some((description) => getConditioning(description).learned);
}

/** Returns the inputs that the conditionings of a network read together. */
export function inputRequirements(descriptions: readonly ConditioningDescription[]): InputRequirements {
  const needs = descriptions.map((description) => getConditioning(description).needs(description));
  return {
    context: Math.max(0, ...needs.map(({ context }) => context)),
    coarser: needs.find(({ coarser }) => coarser !== null)?.coarser ?? null,
  };
}
