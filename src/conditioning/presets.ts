import type { ConditioningDescription } from './index.js';

/** Features of the map that each conditioning gives. */
const MAP_FEATURES = 32;

/** The conditionings on the frames before, by name: how one on so many frames is described. */
const framesConditionings = {
  'previous-frames': (context) => ({ type: 'previous-frames', context, features: MAP_FEATURES }),
  'warped-frames': (context) => ({ type: 'warped-frames', context, features: MAP_FEATURES, flows: 3 }),
} as const satisfies Record<string, (context: number) => ConditioningDescription>;

export type FramesConditioning = keyof typeof framesConditionings;

/** A conditioning on so many frames before the image. */
export function describeFrames(context: number, name: FramesConditioning = 'previous-frames'): ConditioningDescription {
  return framesConditionings[name](context);
}

/** A conditioning on the same image at the scale before, `factor` times smaller. */
export function describeCoarserImage(factor: number, shared: 'known' | 'predicted'): ConditioningDescription {
  return { type: 'low-resolution-image', factor, features: MAP_FEATURES, shared };
}
