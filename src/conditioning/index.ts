import type { Conditioning } from './conditioning.js';
import { lowResolutionImage, type LowResolutionImageDescription } from './low-resolution-image.js';
import { previousFrames, type PreviousFramesDescription } from './previous-frames.js';

export * from './conditioning.js';
export type { LowResolutionImageDescription, PreviousFramesDescription };
export type ConditioningDescription = PreviousFramesDescription | LowResolutionImageDescription;

/** Every kind of conditioning; a new one is a file and a line here and above. */
export const conditionings = {
  [previousFrames.type]: previousFrames,
  [lowResolutionImage.type]: lowResolutionImage,
} as const;

/** The conditioning of a description. */
export function conditioningOf(description: ConditioningDescription): Conditioning<ConditioningDescription> {
  return conditionings[description.type];
}
