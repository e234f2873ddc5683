import { previousFrames } from './previous-frames.js';

export * from './conditioning.js';

/** Every kind of conditioning; a new one is a file and a line here. */
export const conditionings = { [previousFrames.type]: previousFrames } as const;
export type { PreviousFramesDescription as ConditioningDescription } from './previous-frames.js';
