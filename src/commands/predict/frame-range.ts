import { framesPerSecond } from '../../foundation/frame-rate.js';
import type { ParsedOptions } from '../../foundation/option-fields.js';
import type { ClipInfo, OutputKind } from '../../video/index.js';
import type { predictFlags } from './options.js';

/** Options that decide which frames of a clip are known, shown and predicted. */
type FrameOptions = Pick<ParsedOptions<typeof predictFlags>, 'from' | 'horizon' | 'holdOut' | 'knownFrames'>;

/** Frames of a clip that a prediction reads, shows and predicts. */
export interface FrameRange {
  /** Index of the first predicted frame. Null: the clip's end decides. */
  first: number | null;
  /** Number of last frames of the clip that are held out: predicted, and not known. */
  heldOut: number;
  /** Number of frames to predict. */
  horizon: number;
  /** True if the true frames are shown beside the predicted ones. */
  hasTruth: boolean;
  /** Maximum number of known frames shown before the predicted frames; Infinity: all. */
  shown: number;
  /** Estimated number of known frames, with held-out ones; null if the clip states no length. */
  estimatedKnown: number | null;
}

/** Minimum duration of the known frames shown by default, in seconds. */
const SECONDS_SHOWN = 2;

/** Returns the number of frames to predict: `holdOut` if given, else `horizon`. */
export function countRequestedFrames({ holdOut, horizon }: Pick<FrameOptions, 'holdOut' | 'horizon'>): number {
  return holdOut ?? horizon;
}

/**
 * Returns the frames that a prediction of a clip reads, shows and predicts. `holdOut` overrides `from` and `horizon`.
 * @param kind kind of output, which decides how many known frames are shown by default
 */
export function resolveFrameRange(
  options: FrameOptions,
  { estimatedFrames, frameRate }: Pick<ClipInfo, 'estimatedFrames' | 'frameRate'>,
  kind: OutputKind,
): FrameRange {
  const { from = null, holdOut, knownFrames } = options;
  const horizon = countRequestedFrames(options);
  const first = holdOut === undefined ? from : null;
  const byDefault = kind === 'npy' ? 0 : Math.max(horizon, Math.ceil(SECONDS_SHOWN * framesPerSecond(frameRate)));
  return {
    first,
    heldOut: holdOut ?? 0,
    horizon,
    hasTruth: first !== null || holdOut !== undefined,
    shown: knownFrames === 'all' ? Infinity : (knownFrames ?? byDefault),
    estimatedKnown: first ?? estimatedFrames,
  };
}
