import { uniformBitsPerDim } from '../evaluation/baselines.js';
import type { ClipScore } from '../evaluation/clip-score.js';
import type { ClipForecasts } from '../evaluation/forecast-score.js';
import {
  clipDecibels,
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

/** What lossless codecs need for the frames of a clip but the first, in bits per dim. */
export interface CodecScore {
  /** Null where FFmpeg lacks a codec, or it did not give the frames back. */
  bitsPerDim: Record<LosslessCodec, number | null>;
  /** The least of them; null where there is none. */
  best: number | null;
}

/** A clip, and the size at which it was scored. */
export interface ScoredClip extends ClipScore, Size {
  name: string;
  /** At which it was read, in frames a second. */
  frameRate: number;
  /** Null where none were asked for, or the clip is too short. */
  forecasts: ClipForecasts | null;
  /** Null where they were not asked for. */
  codecs: CodecScore | null;
}

/** The scores of clips, brought together. */
export interface ClipsSummary {
  /** The clips that were scored, each on its own. */
  clips: ScoredClip[];
  /** Frames scored, over all clips. */
  frames: number;
  /** Sub-pixels of those frames. */
  dimensions: number;
  /** All bits over all dimensions. */
  bitsPerDim: number;
  /** Whether bits/dim are exact; else they are an upper bound (see `Chain.exact`). */
  exact: boolean;
  /** Of bitsPerDim, over clips; NaN for one clip. */
  standardError: number;
  /** In bits/dim; `lossless-codec`, the best codec for each clip, is there where every clip has one. */
  baselines: { uniform: number } & Record<'previous-frame', number> & Partial<Record<'lossless-codec', number>>;
  /** The share of a baseline's bits that the model does not need: 1 - ratio. */
  fewerBits: Partial<Record<'previous-frame' | 'lossless-codec', number>>;
  /** Decibels that each anchor has more than the previous frame, one step ahead; what each is. */
  anchors: MeanOverClips & { labels: string[] };
  /** Each codec for all clips, in bits/dim; null for one that failed at some clip; null where they were not asked for. */
  codecs: Record<LosslessCodec, number | null> | null;
  /** Null where no frame was predicted. */
  forecasts: ForecastsSummary | null;
}

/** @param clips at least one; clips are weighed by their dimensions in bits/dim, and equally in forecasts */
export function summariseClips(model: Model, clips: ScoredClip[]): ClipsSummary {
  const bits = new RunningMean();
  for (const { bitsPerDim, dimensions } of clips) bits.add(bitsPerDim, dimensions);
  const previousFrame = overClips(clips, ({ previousFrameBitsPerDim }) => previousFrameBitsPerDim)!;
  const codec = overClips(clips, ({ codecs }) => codecs?.best ?? null);
  const fewer = (baseline: number) => 1 - bits.mean / baseline;
  const forecasts = clips.flatMap((clip) => (clip.forecasts === null ? [] : [clip.forecasts]));
  const gains = clips.map(({ oneStep: { previousFrame, anchors } }) =>
    anchors.map((anchor) => clipDecibels(anchor) - clipDecibels(previousFrame)),
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

/** All bits over all dimensions; null where a clip has no figure. */
function overClips(clips: readonly ScoredClip[], bitsPerDim: (clip: ScoredClip) => number | null): number | null {
  const mean = new RunningMean();
  for (const clip of clips) {
    const bits = bitsPerDim(clip);
    if (bits === null) return null;
    mean.add(bits, clip.dimensions);
  }
  return mean.mean;
}
