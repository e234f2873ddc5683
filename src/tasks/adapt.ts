import type { Tensor } from '@tensorflow/tfjs-core';
import { Adaptation } from '../evaluation/adaptation.js';
import type { Chain } from '../model/chain.js';
import { Past } from '../model/past.js';
import type { Correction } from '../sampling/correction.js';
import type { FrameSampler } from '../sampling/frame-sampler.js';
import { FRAMES_FOR_HINDCASTS, HINDCASTS_TOGETHER, learnCorrection } from '../sampling/hindcasts.js';

export interface AdaptProgress {
  /** Places side by side, at most. */
  together?: number;
  /** Called with the places that hindcasts are made from: how many are done over all pasts, and how many the one at hand has. */
  onHindcast?: ((done: number, places: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * What predictions and scores do with `adapt`: weights learn from each frame of a clip once it is scored, and what is expected is corrected by
 * hindcasts of known frames. Where it is not asked for, nothing of it.
 */
export class Adapting {
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
    work: (weights: readonly Tensor[] | Adaptation) => Promise<T>,
  ): Promise<T> {
    if (!this.asked) return work(weights);
    const adaptation = new Adaptation(chain, weights);
    try {
      return await work(adaptation);
    } finally {
      adaptation.dispose();
    }
  }

  /** How what follows each past is corrected: null where nothing is. */
  async corrections(
    sampler: FrameSampler,
    pasts: readonly Past[],
    { together = HINDCASTS_TOGETHER, onHindcast, signal }: AdaptProgress = {},
  ): Promise<(Correction | null)[]> {
    const corrections: (Correction | null)[] = [];
    let before = 0;
    for (const past of pasts) {
      let places = 0;
      const onProgress = (done: number, all: number) => onHindcast?.(before + (places = done), all);
      const hindcasts = { together: Math.min(together, HINDCASTS_TOGETHER), onProgress, signal };
      corrections.push(this.asked ? await learnCorrection(sampler, past, hindcasts) : null);
      before += places;
    }
    return corrections;
  }
}
