import { uniformBitsPerDim } from '../evaluation/baselines.js';
import type { ClipScore } from '../evaluation/clip-score.js';
import type { ClipForecasts } from '../evaluation/forecast-score.js';
import {
  cappedPsnr,
  meanOverClips,
  summariseForecasts,
  type ForecastsSummary,
  type MeanOverClips,
} from '../evaluation/forecast-summary.js';
import { RunningMean } from '../evaluation/statistics.js';
import type { Size } from '../foundation/frame.js';
import type { Model } from '../model/model.js';
import { expectsFrame } from '../model/description.js';
import { losslessCodecs, type LosslessCodec } from '../video/index.js';

/** Bits/dim of lossless codecs on all frames of a clip but the first. @inline */
export interface CodecScore {
  /** Bits/dim by codec; null if FFmpeg lacks the codec, or the codec did not decode to the same frames. */
  bitsPerDim: Record<LosslessCodec, number | null>;
  /** Lowest bits/dim of all codecs; null if every codec failed. */
  best: number | null;
}

/** Score of a clip, and the size at which the clip was scored. */
export interface ScoredClip extends ClipScore, Size {
  /** Name of the clip. */
  name: string;
  /** Frame rate at which the clip was read, in frames per second. */
  frameRate: number;
  /** Scores of forecasts; null if no forecasts were requested or the clip is too short. */
  forecasts: ClipForecasts | null;
  /** Scores of lossless codecs; null if not requested. */
  codecs: CodecScore | null;
}

/** Summary of the scores of several clips. */
export interface ClipsSummary {
  /** Scores of each clip. */
  clips: ScoredClip[];
  /** Number of frames of all clips. */
  frames: number;
  /** Number of scored sub-pixels: those of all frames but the first of each clip. */
  dimensions: number;
  /** Total bits of all clips divided by `dimensions`. */
  bitsPerDim: number;
  /** True if `bitsPerDim` is exact; false if it is an upper bound (see `Chain.exact`). */
  exact: boolean;
  /** Standard error of `bitsPerDim` over clips; NaN for one clip. */
  standardError: number;
  /**
   * Bits/dim of baselines. `lossless-codec`, the best codec for each clip, is present if every clip has a codec score.
   */
  baselines: { uniform: number } & Record<'previous-frame', number> & Partial<Record<'lossless-codec', number>>;
  /** Fraction of a baseline's bits that the model saves: 1 - bitsPerDim / baseline. */
  fewerBits: Partial<Record<'previous-frame' | 'lossless-codec', number>>;
  /**
   * PSNR gain in dB of each anchor, such as the expected frame, over the previous frame as predictor of the next frame.
   * `labels` names the anchors.
   */
  anchors: MeanOverClips & { labels: string[] };
  /**
   * Bits/dim of each codec over all clips; null for a codec that failed on a clip. Null for all codecs if not
   * requested.
   */
  codecs: Record<LosslessCodec, number | null> | null;
  /** Summary of the forecasts; null if no frame was predicted. */
  forecasts: ForecastsSummary | null;
}

/**
 * Summarises the scores of clips: bits/dim weighted by the dimensions of each clip, forecasts with equal weights.
 * @param clips at least one
 */
export function summariseClips(model: Model, clips: ScoredClip[]): ClipsSummary {
  const bits = new RunningMean();
  for (const { bitsPerDim, dimensions } of clips) bits.add(bitsPerDim, dimensions);
  const previousFrame = overClips(clips, ({ previousFrameBitsPerDim }) => previousFrameBitsPerDim)!;
  const codec = overClips(clips, ({ codecs }) => codecs?.best ?? null);
  const fewer = (baseline: number) => 1 - bits.mean / baseline;
  const forecasts = clips.flatMap((clip) => (clip.forecasts === null ? [] : [clip.forecasts]));
  const gains = clips.map(({ oneStep: { previousFrame, anchors } }) =>
    anchors.map((anchor) => cappedPsnr(anchor) - cappedPsnr(previousFrame)),
  );
  // A learned anchor comes first.
  const labels = [...(expectsFrame(model) ? ['expected frame'] : []), 'last frame'];
  const each = losslessCodecs.map((name) => [name, overClips(clips, ({ codecs }) => codecs?.bitsPerDim[name] ?? null)]);
  return {
    clips,
    frames: clips.reduce((sum, { frames }) => sum + frames, 0),
    dimensions: clips.reduce((sum, { dimensions }) => sum + dimensions, 0),
    bitsPerDim: bits.mean,
    exact: model.chain.exact,
    standardError: bits.standardError,
    baselines: {
      uniform: uniformBitsPerDim(model.chain.exampleShape.levels),
      'previous-frame': previousFrame,
      ...(codec !== null && { 'lossless-codec': codec }),
    },
    fewerBits: { 'previous-frame': fewer(previousFrame), ...(codec !== null && { 'lossless-codec': fewer(codec) }) },
    anchors: { labels: labels.slice(0, gains[0].length), ...meanOverClips(gains) },
    codecs: clips[0].codecs === null ? null : (Object.fromEntries(each) as Record<LosslessCodec, number | null>),
    forecasts: forecasts.length === 0 ? null : summariseForecasts(forecasts),
  };
}

/** Returns bits/dim over all clips, weighted by dimensions. Returns null if `bitsPerDim` is null for a clip. */
function overClips(clips: readonly ScoredClip[], bitsPerDim: (clip: ScoredClip) => number | null): number | null {
  const mean = new RunningMean();
  for (const clip of clips) {
    const bits = bitsPerDim(clip);
    if (bits === null) return null;
    mean.add(bits, clip.dimensions);
  }
  return mean.mean;
}
