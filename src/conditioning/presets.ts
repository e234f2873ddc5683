import type { ConditioningDescription } from './index.js';

/** Number of features of the feature map of each conditioning. */
const MAP_FEATURES = 32;

/**
 * Presets of conditionings on context frames, by type: functions from the number of context frames to a description.
 * Default: 4 frames for warped-frames, 2 for previous-frames.
 */
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

/** Type of a conditioning on context frames. */
export type FramesConditioning = keyof typeof framesConditionings;

/**
 * Describes a conditioning on context frames.
 * @param context number of context frames; undefined: the default of the type `name`
 */
export function describeFrames(context?: number, name: FramesConditioning = 'warped-frames'): ConditioningDescription {
  return framesConditionings[name](context);
}

/**
 * Returns the arguments for which `describeFrames` and `describeCoarserImage` return the descriptions `given`. Returns
 * `context` 0 without context frames, and undefined for other arguments of absent conditionings.
 */
export function inferConditioningChoices(given: readonly ConditioningDescription[]) {
  const coarser = given.find((one) => one.type === 'low-resolution-image');
  const frames = given.find((one) => one.type !== 'low-resolution-image');
  return { context: frames?.context ?? 0, frames: frames?.type, factor: coarser?.factor, shared: coarser?.shared };
}

/**
 * Describes a conditioning on the same image at the coarser scale, `factor` times smaller.
 * @param shared `known` if the pixels that both scales share are copied from the coarser one, `predicted` if they are
 *   predicted again
 */
export function describeCoarserImage(factor: number, shared: 'known' | 'predicted'): ConditioningDescription {
  return { type: 'low-resolution-image', factor, features: MAP_FEATURES, shared };
}
