import type { Tensor } from '@tensorflow/tfjs-core';
import type { DynamicEvaluation } from './dynamic-evaluation.js';
import type { Chain } from '../model/chain.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import type { Correction } from '../sampling/correction.js';
import type { FrameSampler } from '../sampling/frame-sampler.js';
import {
  FRAMES_FOR_HINDCASTS,
  HINDCASTS_TOGETHER,
  learnCorrection,
  type HindcastOptions,
} from '../sampling/hindcasts.js';

/**
 * What predictions and scores do with `adapt`: weights learn from each frame of a clip once it is scored, and what is expected is corrected by
 * hindcasts of known frames. Where it is not asked for, nothing of it.
 */
export class ClipAdaptation {
  constructor(private readonly asked = false) {}

  /** Known frames that are kept for it beside what a model is given. */
  get keptFrames(): number {
    return this.asked ? FRAMES_FOR_HINDCASTS : 0;
  }

  /** Images that are made side by side where so many are drawn. */
  together(drawn: number): number {
    return this.asked ? Math.max(drawn, HINDCASTS_TOGETHER) : drawn;
  }

  /** Calls `work` with the weights that score a clip. */
  async withWeights<T>(
    chain: Chain,
    weights: readonly Tensor[],
    work: (weights: readonly Tensor[] | DynamicEvaluation) => Promise<T>,
  ): Promise<T> {
    if (!this.asked) return work(weights);
    // Nobody else differentiates here.
    const { DynamicEvaluation } = await import('./dynamic-evaluation.js');
    const adaptation = new DynamicEvaluation(chain, weights);
    try {
      return await work(adaptation);
    } finally {
      adaptation.dispose();
    }
  }

  /**
   * How what follows each history is corrected, null where nothing is.
   *
   * @param options.onProgress called with the places that are done over all histories, and how many the one at hand has
   */
  async corrections(
    sampler: FrameSampler,
    histories: readonly FrameHistory[],
    { together = HINDCASTS_TOGETHER, onProgress, signal }: HindcastOptions = {},
  ): Promise<(Correction | null)[]> {
    const corrections: (Correction | null)[] = [];
    let [before, done] = [0, 0];
    for (const history of histories) {
      const hindcasts: HindcastOptions = {
        together: Math.min(together, HINDCASTS_TOGETHER),
        onProgress: (ofPast, places) => onProgress?.((done = before + ofPast), places),
        signal,
      };
      corrections.push(this.asked ? await learnCorrection(sampler, history, hindcasts) : null);
      before = done;
    }
    return corrections;
  }
}
