import type { FrameMetricName } from '../../../evaluation/frame-metrics.js';
import type { PublishedForecast } from './protocol.js';

/** Metrics of SRVP's evaluation (its test.py), which SLAMP takes over, and SSIM as scikit-image computes it. */
export const srvpMetrics: readonly FrameMetricName[] = ['psnr', 'ssim', 'ssim-uniform'];

/** Prediction that SRVP and SLAMP score. */
export const srvpPrediction = 'best of 100 samples, for each metric by itself';

/**
 * Returns the published result of a model in a table of the paper on SLAMP. Results of other models are marked as
 * second-hand: the paper copies them from the paper on SRVP.
 * @param psnr mean PSNR in dB
 * @param ssim mean SSIM
 */
export function slampRow(model: string, table: number, psnr: number, ssim: number): PublishedForecast {
  const row = { model, values: { psnr, ssim }, source: `arXiv 2108.02760, table ${table}` };
  return model === 'SLAMP' ? row : { ...row, isSecondHand: true };
}
