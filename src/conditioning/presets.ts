import type { ConditioningDescription } from './index.js';

/** Features of the map that each conditioning gives. */
const MAP_FEATURES = 32;

/** The conditionings on the frames before, by name: how one is described, on so many frames if nothing else is asked. */
export const framesConditionings = {
  'warped-frames': (context = 4) => ({
    type: 'warped-frames',
    context,
    features: MAP_FEATURES,
    flows: 3,
    still: true,
    halvings: 3,
    ...(context > 1 && { blockMatching: true }),
    templateMatching: Math.min(context, 2),
    localRegression: true,
  }),
  'previous-frames': (context = 2) => ({ type: 'previous-frames', context, features: MAP_FEATURES }),
} as const satisfies Record<string, (context?: number) => ConditioningDescription>;

export type FramesConditioning = keyof typeof framesConditionings;

/** A conditioning on the frames before the image. @param context how many; undefined: as many as suit it */
export function describeFrames(context?: number, name: FramesConditioning = 'warped-frames'): ConditioningDescription {
  return framesConditionings[name](context);
}

/** What `describeFrames` and `describeCoarserImage` were given for these conditionings, were they made by them. */
export function inferConditioningChoices(given: readonly ConditioningDescription[]) {
  const coarser = given.find((one) => one.type === 'low-resolution-image');
  const frames = given.find((one) => one.type !== 'low-resolution-image');
  return { context: frames?.context ?? 0, frames: frames?.type, factor: coarser?.factor, shared: coarser?.shared };
}

/** A conditioning on the same image at the scale before, `factor` times smaller. */
export function describeCoarserImage(factor: number, shared: 'known' | 'predicted'): ConditioningDescription {
  return { type: 'low-resolution-image', factor, features: MAP_FEATURES, shared };
}
