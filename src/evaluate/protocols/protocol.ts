import type { FrameMetricName } from '../../evaluation/frame-metrics.js';
import type { Channels, Size } from '../../foundation/frame.js';

/** Published result under a protocol. @inline */
export interface PublishedForecast {
  /** Name of the model. */
  model: string;
  /** Value of each metric that the source gives. */
  values: Partial<Record<FrameMetricName, number>>;
  /** Paper or program that gives the values; `arXiv` numbers are papers. */
  source: string;
  /** True if the values were read in another text than that of the people who measured them. */
  isSecondHand?: true;
}

/** Published cross-entropy of predicted frames with the true ones. @inline */
export interface PublishedCrossEntropy {
  /** Name of the model, or of a bound. */
  model: string;
  /** Nats a frame. */
  nats: number;
  /** Paper or program that gives the value; `arXiv` numbers are papers. */
  source: string;
}

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
  crossEntropies?: readonly PublishedCrossEntropy[];
}
