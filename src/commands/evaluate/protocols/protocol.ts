import { z } from 'zod';
import { frameMetrics, type FrameMetricName } from '../../../evaluation/frame-metrics.js';
import type { Channels, Size } from '../../../foundation/frame.js';

/** Schema of the name of a metric. */
export const metricName = z.enum(Object.keys(frameMetrics) as FrameMetricName[]);

/** Schema of a published result under a protocol. */
export const publishedForecastSchema = z.object({
  /** Name of the model. */
  model: z.string(),
  /** Value of each metric that the source gives. */
  values: z.partialRecord(metricName, z.number()),
  /** Paper or program that gives the values; `arXiv` numbers are papers. */
  source: z.string(),
  /** True if the values were read in another text than that of the people who measured them. */
  isSecondHand: z.literal(true).exactOptional(),
});
/** Published result under a protocol. @interface */
export type PublishedForecast = z.output<typeof publishedForecastSchema>;

/** Schema of a published cross-entropy of predicted frames with the true ones. */
export const publishedCrossEntropySchema = z.object({
  /** Name of the model, or of a bound. */
  model: z.string(),
  /** Nats a frame. */
  nats: z.number(),
  /** Paper or program that gives the value; `arXiv` numbers are papers. */
  source: z.string(),
});

/** Protocol of a published evaluation of video prediction: the frames given, those predicted, and the metrics. */
export interface Protocol {
  /** Data in words. */
  data: string;
  /** Number of frames given. */
  context: number;
  /** Number of frames predicted. */
  horizon: number;
  /**
   * Index of the first predicted frame of every clip. Null: windows of `context` and `horizon` frames are spread evenly
   * over each clip.
   */
  from: number | null;
  /** Size of the clips' frames. */
  size: Size;
  /** Number of channels that are compared; 1: grey, to which predictions in colour are averaged. */
  channels: Channels;
  /** Clips of the test split. */
  split: {
    /** Split in words. */
    words: string;
    /** Pattern of the paths of the split's clips, with `/` as separator. Null: every clip. */
    path: RegExp | null;
    /** Path of a clip's first frame, for errors. */
    example: string;
  };
  /** Metrics, in the order of the columns. */
  metrics: readonly FrameMetricName[];
  /** Published results, in the order of the table. */
  published: readonly PublishedForecast[];
  /** Kind of prediction that `published` scores, in words, such as 'best of 100 samples'; empty: none. */
  publishedOf: string;
  /** Differences from the published evaluation that remain, one line each. */
  differences: readonly string[];
  /**
   * Published cross-entropies of frames with the mean grey levels that a model predicts, given the true frames before;
   * absent: none.
   */
  crossEntropies?: readonly z.output<typeof publishedCrossEntropySchema>[];
}
