import type { Tensor } from '@tensorflow/tfjs-core';
import type { DynamicEvaluation } from './dynamic-evaluation.js';
import type { Chain } from '../model/chain.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import type { Correction } from '../sampling/correction.js';
import type { FrameSampler } from '../sampling/frame-sampler.js';
import {
  MAX_HINDCAST_FRAMES,
  HINDCAST_BATCH_SIZE,
  learnCorrection,
  type HindcastOptions,
} from '../sampling/hindcasts.js';

/**
 * Adaptation of a model to a clip, in two ways. Dynamic evaluation trains the weights on each frame after its score;
 * corrections learned from hindcasts of known frames change expected frames. If adaptation is off, methods change no
 * score and no prediction.
 */
export class ClipAdaptation {
  /** @param isOn true: adaptation is on, as with option `--adapt` */
  constructor(private readonly isOn = false) {}

  /** Number of known frames that a history keeps for hindcasts; 0 without adaptation. */
  get keptFrames(): number {
    return this.isOn ? MAX_HINDCAST_FRAMES : 0;
  }

  /**
   * Returns the batch size for memory estimates: `drawn`, or that of hindcasts if adaptation is on and this is larger.
   */
  batchSize(drawn: number): number {
    return this.isOn ? Math.max(drawn, HINDCAST_BATCH_SIZE) : drawn;
  }

  /**
   * Calls `work` with `weights`, or, if adaptation is on, with a `DynamicEvaluation` that starts from `weights`.
   * Returns the result of `work`. Disposes the `DynamicEvaluation`, not `weights`.
   */
  async withWeights<T>(
    chain: Chain,
    weights: readonly Tensor[],
    work: (weights: readonly Tensor[] | DynamicEvaluation) => Promise<T>,
  ): Promise<T> {
    if (!this.isOn) return work(weights);
    // Gradients are loaded only if needed.
    const { DynamicEvaluation } = await import('./dynamic-evaluation.js');
    const adaptation = new DynamicEvaluation(chain, weights);
    try {
      return await work(adaptation);
    } finally {
      adaptation.dispose();
    }
  }

  /**
   * Returns the correction of the frames predicted after each history; null without adaptation, or for too few known
   * frames.
   *
   * @param options.onProgress called with the number of finished hindcasts over all histories, and the number of
   *   hindcasts of the current history
   * @throws PxvError as `learnCorrection`
   */
  async corrections(
    sampler: FrameSampler,
    histories: readonly FrameHistory[],
    { batchSize = HINDCAST_BATCH_SIZE, onProgress, signal }: HindcastOptions = {},
  ): Promise<(Correction | null)[]> {
    const corrections: (Correction | null)[] = [];
    let before = 0;
    let done = 0;
    for (const history of histories) {
      const hindcasts: HindcastOptions = {
        batchSize: Math.min(batchSize, HINDCAST_BATCH_SIZE),
        onProgress: (ofPast, places) => onProgress?.((done = before + ofPast), places),
        signal,
      };
      corrections.push(this.isOn ? await learnCorrection(sampler, history, hindcasts) : null);
      before = done;
    }
    return corrections;
  }
}
