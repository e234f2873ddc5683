import { LONG_CONTEXT } from './context/history.js';
import type { ConditioningDescription } from './index.js';

/** Number of features of the feature map of each conditioning. */
const MAP_FEATURES = 32;

/** Number of features of the state of the GRU. */
const GRU_FEATURES = 128;

/** Number of last context frames to warp if there are `LONG_CONTEXT` or more; a GRU then reads all context frames. */
const WARPED_OF_LONG = 4;

/**
 * Presets of conditionings on context frames, by type: functions from the number of context frames to a description.
 * Default: 4 frames for warped-frames, 2 for previous-frames.
 */
export const framesConditionings = {
  'warped-frames': (context = 4) => ({
    type: 'warped-frames',
    context: context < LONG_CONTEXT ? context : WARPED_OF_LONG,
    ...(context >= LONG_CONTEXT && { gru: { context, features: GRU_FEATURES } }),
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

/** Choices that the conditionings of a scale depend on. */
interface ConditioningChoices {
  /** Number of context frames; 0: none; undefined: the default of `frames`. */
  context: number | undefined;
  /** Conditioning on the context frames. Default: warped-frames. */
  frames?: FramesConditioning | undefined;
  /** Factor from the coarser scale; undefined: there is none. */
  factor?: number | undefined;
  /** `known` if the pixels of both scales are taken from the coarser one, else `predicted`. Default: known. */
  shared?: 'known' | 'predicted' | undefined;
}

/**
 * Returns the descriptions of the conditionings of a scale, for the choices of a model. A conditioning on the coarser
 * image, if there is one, comes first.
 */
export function describeConditioning(choices: ConditioningChoices): ConditioningDescription[] {
  const { context, frames = 'warped-frames', factor, shared = 'known' } = choices;
  const conditioning = context === 0 ? [] : [framesConditionings[frames](context)];
  if (factor === undefined) return conditioning;
  return [{ type: 'low-resolution-image', factor, features: MAP_FEATURES, shared }, ...conditioning];
}

/**
 * Returns the choices `context`, `frames`, `factor` and `shared` for which `describeConditioning` returns the
 * descriptions `given`, those of a finest scale. Other settings in `given` are not compared. `context` is 0 without
 * context frames; other choices of absent conditionings are undefined.
 */
export function inferConditioningChoices(given: readonly ConditioningDescription[]) {
  const coarser = given.find((one) => one.type === 'low-resolution-image');
  const frames = given.find((one) => one.type !== 'low-resolution-image');
  const context = (frames?.type === 'warped-frames' ? frames.gru?.context : undefined) ?? frames?.context ?? 0;
  return { context, frames: frames?.type, factor: coarser?.factor, shared: coarser?.shared };
}
