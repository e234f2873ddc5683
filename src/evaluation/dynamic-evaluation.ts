import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Chain } from '../model/chain.js';
import { mirrorExamples, type Examples } from '../conditioning/context/examples.js';
import { computeGradients } from '../optimization/gradients.js';
import { optimisers } from '../optimization/optimisers.js';
import { applyUpdate, type TrainingState } from '../optimization/update.js';

/** How fast weights learn from a clip: chosen on clips of which nothing was learned (docs/decisions/0014-learning-from-the-clip.md). */
const RATE = 4e-4;
/** Steps until that rate is reached: Adam does not know at first which weights have steady gradients. */
const WARM_UP = 30;
/** What scores is a running average of the weights that learn; of each, this share stays at every step. */
const STAYING = 0.975;

/** Adam, as trainings have it by default. */
const optimiser = optimisers.adam;

/**
 * Weights that go on learning from a clip, frame by frame, each once it is scored ("dynamic evaluation": Mikolov et al. 2010; Krause et
 * al., 1709.07432). So a frame is scored by what the frames before it taught, and the likelihood stays exact. The conditionings stay
 * as they are. Weights that learn from one frame at a time are noisy: it is their running average that scores.
 */
export class DynamicEvaluation {
  /** What the next frame is to be scored with, in the order of `chain.parameters`; `learn` replaces them in place. */
  readonly weights: Tensor[];
  private state: TrainingState;
  private step = 0;

  /** @param weights those of the model, which stay its own */
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

  /** A step on examples that are scored, then one on their mirror images. Where gradients are not finite nothing is learned. */
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
    // The first steps are averaged as they are, or what is not learned yet would stay for long.
    const staying = Math.min(STAYING, step / (step + 3));
    for (const index of gradients.trained) this.average(index, staying);
  }

  dispose(): void {
    tf.dispose([...this.weights, ...this.state.weights, ...this.state.optimiser.flat()]);
  }

  private average(index: number, staying: number): void {
    const [before, learned] = [this.weights[index], this.state.weights[index]];
    this.weights[index] = tf.tidy(() => tf.add(before, tf.mul(tf.sub(learned, before), 1 - staying)));
    before.dispose();
  }
}
