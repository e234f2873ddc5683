import type { Conditioning, Needs } from './conditioning.js';
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

export function conditioningOf(description: ConditioningDescription): Conditioning<ConditioningDescription> {
  return conditionings[description.type];
}

/** Returns the number of anchors that the conditionings of a network give for each sub-pixel; 0: none. */
export function countAnchors(descriptions: readonly ConditioningDescription[]): number {
  return descriptions.reduce((sum, description) => sum + conditioningOf(description).anchors, 0);
}

/** Returns true if a network learns its first anchor: the expected image. */
export function learnsAnchor(descriptions: readonly ConditioningDescription[]): boolean {
  return descriptions.some((description) => conditioningOf(description).learned);
}

/** Returns the inputs that the conditionings of a network read together. */
export function needsOf(descriptions: readonly ConditioningDescription[]): Needs {
  const needs = descriptions.map((description) => conditioningOf(description).needs(description));
  return {
    context: Math.max(0, ...needs.map(({ context }) => context)),
    coarser: needs.find(({ coarser }) => coarser !== null)?.coarser ?? null,
  };
}
