import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Chain } from '../model/chain.js';
import { mirrorExamples, type Examples } from '../conditioning/context/examples.js';
import { computeGradients } from '../optimization/gradients.js';
import { optimisers } from '../optimization/optimisers.js';
import { applyUpdate, type TrainingState } from '../optimization/update.js';

/** Learning rate, chosen on clips that no training used (docs/decisions/0014-learning-from-the-clip.md). */
const RATE = 4e-4;
/** Number of warm-up steps to `RATE`: Adam does not know at first which weights have steady gradients. */
const WARM_UP = 30;
/** Decay of the running average of the learning weights, per step. */
const STAYING = 0.975;

/** Optimiser: Adam, as in trainings by default. */
const optimiser = optimisers.adam;

/**
 * Dynamic evaluation of a clip: weights that learn from each frame after the frame is scored (Mikolov et al. 2010;
 * Krause et al., 1709.07432). Each frame is scored by weights that learned only from earlier frames, so the likelihood
 * stays exact. Only the decoder learns; the conditionings stay unchanged. Learning from single frames is noisy, so
 * frames are scored by a running average of the weights.
 */
export class DynamicEvaluation {
  /**
   * Weights to score the next frame with, in the order of `chain.parameters`; `learn` replaces the tensors in place.
   */
  readonly weights: Tensor[];
  private state: TrainingState;
  private step = 0;

  /** Copies the weights. @param weights of the model; the caller still owns these tensors */
  constructor(
    private readonly chain: Chain,
    weights: readonly Tensor[],
  ) {
    this.weights = weights.map((weight) => tf.clone(weight));
    this.state = {
      weights: weights.map((weight) => tf.clone(weight)),
      optimiser: optimiser.stateNames.map(() => weights.map((weight) => tf.zerosLike(weight))),
    };
  }

  /**
   * Takes a gradient step on scored examples, then one on their mirror images. Non-finite gradients skip the step. The
   * caller disposes `examples`.
   */
  learn(examples: Examples): void {
    this.stepOn(() => examples);
    this.stepOn(() => mirrorExamples(examples));
  }

  private stepOn(examples: () => Examples): void {
    const gradients = tf.tidy(() =>
      computeGradients(this.chain, this.state.weights, examples(), { trains: 'decoder' }),
    );
    const step = this.step + 1;
    const settings = { learningRate: RATE * Math.min(1, step / WARM_UP), step };
    const { state } = applyUpdate(optimiser, settings, this.state, gradients);
    if (state === this.state) return;
    [this.state, this.step] = [state, step];
    // The decay is lower in the first steps, or the initial weights would dominate the average for long.
    const staying = Math.min(STAYING, step / (step + 3));
    for (const index of gradients.trained) this.average(index, staying);
  }

  /** Disposes the weights and the optimiser's state. */
  dispose(): void {
    tf.dispose([...this.weights, ...this.state.weights, ...this.state.optimiser.flat()]);
  }

  private average(index: number, staying: number): void {
    const before = this.weights[index];
    const learned = this.state.weights[index];
    this.weights[index] = tf.tidy(() => tf.add(before, tf.mul(tf.sub(learned, before), 1 - staying)));
    before.dispose();
  }
}
