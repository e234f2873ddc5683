import { z } from 'zod';
import type { SkippedClip } from '../for-each-clip.js';
import { numberOrNaN } from '../../document/section-source.js';
import type { ClipForecasts } from '../../evaluation/forecast-errors.js';
import { forecasts, type ForecastName } from '../../evaluation/forecasts.js';
import type { ClipScore } from '../../evaluation/frame-likelihoods.js';
import type { Size } from '../../foundation/frame.js';
import type { SamplingSettings } from '../../model/sampling-settings.js';
import { losslessCodecs } from '../../video/index.js';
import { protocolNames } from './protocols/index.js';
import { metricName, publishedCrossEntropySchema, publishedForecastSchema } from './protocols/protocol.js';

const forecastName = z.enum(Object.keys(forecasts) as ForecastName[]);
const figures = z.array(numberOrNaN);
const codecBits = z.record(z.enum(losslessCodecs), z.number().nullable());

const meansSchema = z.object({
  /** Means over clips. */
  mean: figures,
  /** Standard errors of the means; NaN for one clip. */
  standardError: figures,
});
/** Means over clips, with standard errors, index by index. */
export type MeanOverClips = z.output<typeof meansSchema>;

const forecastSummarySchema = z.object({
  /** Mean squared error in squared levels. */
  meanSquaredError: figures,
  /** Mean PSNR in dB over clips, each from the clip's mean squared error (see `cappedPsnr`). */
  psnr: figures,
  /** Mean SSIM over the clips with frames of at least 11 x 11 pixels; null if no clip has such frames. */
  ssim: figures.nullable(),
  /** Gain in PSNR in dB over the last frame repeated: mean over clips. */
  gain: meansSchema,
  /** Number of clips with a gain above 0. */
  wins: figures,
  /** Mean absolute change from the previous frame, in levels. */
  change: figures,
  /** Ratio of `change` to the change of the true frames; NaN or Infinity if the true frames do not change. */
  changeRatio: figures,
});
/**
 * Errors of one kind of forecast over several clips, by frame of the horizon; every clip has the same weight.
 * @interface
 */
export type ForecastSummary = z.output<typeof forecastSummarySchema>;

const forecastsSummarySchema = z
  .object({
    /** Number of clips with forecasts. */
    clips: z.number(),
    /** Number of starts over all clips. */
    starts: z.number(),
    /** Mean absolute change of the true frames, by frame of the horizon. */
    trueChange: figures,
    /** Errors by kind of forecast. */
    kinds: z.partialRecord(forecastName, forecastSummarySchema),
  })
  .refine(({ trueChange, kinds }) => {
    const lists = Object.values(kinds).flatMap(({ gain, ssim, ...others }) => [
      ...[...Object.values(others), ...Object.values(gain)],
      ...(ssim === null ? [] : [ssim]),
    ]);
    return 'last-frame' in kinds && lists.every(({ length }) => length === trueChange.length && length > 0);
  });
/** Errors of all kinds of forecast over several clips. @interface */
export type ForecastsSummary = z.output<typeof forecastsSummarySchema>;

const codecScoreSchema = z.object({
  /** Bits/dim by codec; null if FFmpeg lacks the codec, or the codec did not decode to the same frames. */
  bitsPerDim: codecBits,
  /** Lowest bits/dim of all codecs; null if every codec failed. */
  best: z.number().nullable(),
});
/** Bits/dim of lossless codecs on all frames of a clip but the first. @inline */
export type CodecScore = z.output<typeof codecScoreSchema>;

/** Schema of the figures over all clips and of each clip that tables show. */
export const clipsSummarySchema = z.object({
  clips: z
    .array(
      z.object({
        name: z.string(),
        width: z.number(),
        height: z.number(),
        frames: z.number(),
        bitsPerDim: z.number(),
        previousFrameBitsPerDim: z.number(),
        codecs: codecScoreSchema.nullable(),
      }),
    )
    .min(1),
  /** Number of frames of all clips. */
  frames: z.number(),
  /** Number of scored sub-pixels: those of all frames but the first of each clip. */
  dimensions: z.number(),
  /** Total bits of all clips divided by `dimensions`. */
  bitsPerDim: z.number(),
  /** True if `bitsPerDim` is exact; false if it is an upper bound (see `Chain.exact`). */
  exact: z.boolean(),
  /** Standard error of `bitsPerDim` over clips; NaN for one clip. */
  standardError: numberOrNaN,
  /**
   * Bits/dim of baselines. `lossless-codec`, the best codec for each clip, is present if every clip has a codec score.
   */
  baselines: z.object({ uniform: z.number(), 'previous-frame': z.number(), 'lossless-codec': z.number().optional() }),
  /**
   * PSNR gain in dB of each anchor, such as the expected frame, over the previous frame as predictor of the next frame.
   * `labels` names the anchors.
   */
  anchors: meansSchema.extend({ labels: z.array(z.string()) }),
  /**
   * Bits/dim of each codec over all clips; null for a codec that failed on a clip. Null for all codecs if not
   * requested.
   */
  codecs: codecBits.nullable(),
  /** Summary of the forecasts; null if no frame was predicted. */
  forecasts: forecastsSummarySchema.nullable(),
});

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
export interface ClipsSummary extends z.output<typeof clipsSummarySchema> {
  /** Scores of each clip. */
  clips: ScoredClip[];
  /** Fraction of a baseline's bits that the model saves: 1 - bitsPerDim / baseline. */
  fewerBits: Partial<Record<'previous-frame' | 'lossless-codec', number>>;
}

/** Schema of a metric of one kind of forecast over several clips. */
const metricSummarySchema = z.object({
  /** Mean over clips. */
  mean: numberOrNaN,
  /** Standard error of the mean; NaN for one clip. */
  standardError: numberOrNaN,
  /** Mean by frame of the horizon. */
  byFrame: figures.min(1),
});
/** Metric of one kind of forecast over several clips; every clip has the same weight. @interface */
export type MetricSummary = z.output<typeof metricSummarySchema>;

/** Returns the schema of a table of values by kind of forecast and metric. */
const byKindAndMetric = <Value extends z.ZodType>(value: Value) =>
  z.partialRecord(forecastName, z.partialRecord(metricName, value));

/** Schema of the summary of a score under a protocol. */
export const protocolSummarySchema = z.object({
  /** Protocol, as applied. */
  protocol: z.object({
    /** Name; null for a protocol of one's own. */
    name: z.enum(protocolNames).nullable(),
    /** Data in words. */
    data: z.string(),
    /** Test split in words. */
    split: z.string(),
    /** Number of frames given. */
    context: z.number(),
    /** Number of frames predicted. */
    horizon: z.number(),
    /** Index of the first predicted frame of every clip; null if windows are spread over each clip. */
    from: z.number().nullable(),
    /** Width of the frames in pixels. */
    width: z.number(),
    /** Height of the frames in pixels. */
    height: z.number(),
    /** Number of channels that are compared. */
    channels: z.literal([1, 3]),
    /** Differences from the published evaluation, one line each. */
    differences: z.array(z.string()),
  }),
  /** Number of frames that the model reads at a time; never more than `protocol.context`. */
  framesRead: z.number(),
  /** Metrics: title, definition, and direction. */
  metrics: z.partialRecord(
    metricName,
    z.object({ title: z.string(), definition: z.string(), isLowerBetter: z.boolean() }),
  ),
  /** Metrics by kind of forecast. */
  kinds: byKindAndMetric(metricSummarySchema),
  /** Clips, with the means over their windows and the horizon. */
  clips: z
    .array(
      z.object({
        /** Name of the clip. */
        name: z.string(),
        /** Index of the first predicted frame of each window. */
        starts: z.array(z.number()),
        /** Means over the windows and the horizon. */
        kinds: byKindAndMetric(numberOrNaN),
        /** Means over the windows by frame of the horizon. */
        byFrame: byKindAndMetric(figures),
        /** Cross-entropy by frame of the horizon, in nats; null: not measured. */
        crossEntropy: figures.nullable(),
      }),
    )
    .min(1),
  /** Number of windows over all clips. */
  starts: z.number(),
  /**
   * Cross-entropy of the predicted frames given the true frames before, in nats a frame, beside published values. Null
   * if the protocol has none, or the model's outputs are probabilities of levels instead of mean grey levels.
   */
  crossEntropy: z
    .object({ mean: z.number(), standardError: numberOrNaN, published: z.array(publishedCrossEntropySchema) })
    .nullable(),
  /** Published results under the protocol. */
  published: z.array(publishedForecastSchema),
  /** Kind of prediction that `published` scores, in words, such as 'best of 100 samples'; empty: none. */
  publishedOf: z.string(),
});
/** Score of a model under a protocol. @interface */
export type ProtocolSummary = z.output<typeof protocolSummarySchema>;

/** Part of a result that scores with and without a protocol share. */
interface ScoringFacts {
  /** Number of samples drawn at each start. */
  samples: number;
  /** Sampling settings of the samples. */
  settings: SamplingSettings;
  /** Clips that were skipped since they could not be read, are too short, or do not fit the protocol. */
  skipped: SkippedClip[];
  /** Number of clips not processed because the signal was aborted. */
  unprocessed: number;
}

/** Result of `scoreClips`, over all clips and for each clip. */
export interface VideoScore extends ClipsSummary, ScoringFacts {
  /** True if weights and forecasts were adapted to each clip (option `adapt`). */
  adapted: boolean;
}

/** Result of `scoreProtocol`. */
export interface ProtocolScore extends ProtocolSummary, ScoringFacts {
  /** Number of clips of the split that were found; fewer are scored with `limit`. */
  clipsInSplit: number;
}
