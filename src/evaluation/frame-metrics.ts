import type { Frame, Size } from '../foundation/frame.js';
import { channelOf, meanAbsoluteDifference, meanSquaredError, psnrOfError, ssim, uniformSsim } from './metrics.js';

/** Metric of a predicted frame against the true one, as published evaluations compute it. */
interface FrameMetric {
  /** Title of the metric's column in tables. */
  title: string;
  /** Definition in one line, with the program that defines it. */
  definition: string;
  /** Number of decimals in tables. */
  digits: number;
  /** True if a lower value is better. */
  isLowerBetter?: true;
  /** Minimum length of a frame's shorter side, in pixels. Default: 1. */
  minSide?: number;
  /** Returns the metric of two frames of equal size and channels. */
  measure: (truth: Frame, predicted: Frame) => number;
}

/** Highest PSNR in dB, of equal frames; a single wrong level in 64x64 pixels of colour has 89. */
const MAX_DECIBELS = 100;

/** Number of sub-pixels of a frame. */
const subPixels = ({ data }: Frame) => data.length;

/** Registry of metrics of single frames. A new metric is an entry here. */
export const frameMetrics = {
  mse: {
    title: 'MSE',
    definition: 'squared error, levels from 0 to 1, summed over a frame (OpenSTL)',
    digits: 2,
    isLowerBetter: true,
    measure: (truth, predicted) => (subPixels(truth) * meanSquaredError(truth, predicted)) / 255 ** 2,
  },
  mae: {
    title: 'MAE',
    definition: 'absolute error, levels from 0 to 1, summed over a frame (OpenSTL)',
    digits: 2,
    isLowerBetter: true,
    measure: (truth, predicted) => (subPixels(truth) * meanAbsoluteDifference(truth, predicted)) / 255,
  },
  psnr: {
    title: 'PSNR',
    definition: `dB of each channel of a frame, at most ${MAX_DECIBELS}, averaged over channels (OpenSTL, SVG, SRVP)`,
    digits: 2,
    measure: (truth, predicted) => {
      const channels = Array.from({ length: truth.channels }, (_, channel) =>
        psnrOfError(meanSquaredError(channelOf(truth, channel), channelOf(predicted, channel))),
      );
      return channels.reduce((sum, decibels) => sum + Math.min(MAX_DECIBELS, decibels), 0) / truth.channels;
    },
  },
  ssim: {
    title: 'SSIM',
    definition: 'Gaussian window of 11x11 pixels, range 1 (SRVP; Wang et al. 2004)',
    digits: 4,
    minSide: 11,
    measure: ssim,
  },
  'ssim-uniform': {
    title: 'SSIM 7x7',
    definition: 'uniform window of 7x7 pixels, range 1 (scikit-image with data_range=1)',
    digits: 4,
    minSide: 7,
    measure: (truth, predicted) => uniformSsim(truth, predicted),
  },
  'ssim-openstl': {
    title: 'SSIM (OpenSTL)',
    definition: 'uniform window of 7x7 pixels, range 2, which scikit-image up to 0.19 takes for floats (OpenSTL)',
    digits: 4,
    minSide: 7,
    measure: (truth, predicted) => uniformSsim(truth, predicted, 2 * 255),
  },
} as const satisfies Record<string, FrameMetric>;

/** Name of a metric of single frames. @useDeclaredType */
export type FrameMetricName = keyof typeof frameMetrics;

/** Returns the metric of this name. */
export function frameMetric(name: FrameMetricName): FrameMetric {
  return frameMetrics[name];
}

/** Returns the names of `metrics` that are defined for frames of a size. */
export function metricsForSize(metrics: readonly FrameMetricName[], { width, height }: Size): FrameMetricName[] {
  return metrics.filter((name) => Math.min(width, height) >= (frameMetric(name).minSide ?? 1));
}
