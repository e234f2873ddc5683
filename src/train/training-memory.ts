import { tf } from '../foundation/tfjs.js';
import { countBytes } from '../backend/counting-backend.js';
import { globalNorm } from '../backend/updates.js';
import { blankGiven } from '../conditioning/index.js';
import { disposeRollOut, type RollOut } from '../optimization/anchor-loss.js';
import { gradientsOf, type Trained } from '../optimization/gradients.js';
import { optimisers, type OptimiserName } from '../optimization/optimisers.js';
import { updated, type TrainingState } from '../optimization/update.js';
import type { Chain } from '../model/chain.js';
import { disposeExamples } from '../conditioning/context/examples.js';
import { LEAST_GIVEN, SUBSEQUENCES } from '../conditioning/context/history.js';
import { PREDICTED_FRAMES } from '../training/roll-outs.js';
import {
  blankExamples,
  blankImages,
  blankWeights,
  copied,
  inProportion,
  PROCESS,
  score,
  weightBytes,
} from '../memory/memory.js';

/** What decides the memory of a training besides its chain. */
export interface TrainingWork {
  /** Examples of a step. */
  batch: number;
  /** Roll-outs of a step. */
  rollOuts: number;
  optimiser: OptimiserName;
  trains: Trained;
  /** Examples of a validation that are scored together. */
  validated: number;
}

/**
 * Most bytes that a process trains a chain in, on the native backend: the arrays of a step, a validation and a saved state, and the
 * process itself.
 */
export function trainingMemory(chain: Chain, work: TrainingWork): number {
  const examples = Math.max(work.batch, work.rollOuts);
  const bytes = inProportion(chain, examples, (counted, fewer) => {
    const share = (number: number) => Math.ceil((number * fewer) / examples);
    const [batch, rollOuts, validated] = [work.batch, work.rollOuts, work.validated].map(share);
    return countBytes(() => train(counted, { ...work, batch, rollOuts, validated }, true));
  });
  return PROCESS + bytes;
}

/** Most bytes that a process scores examples of a chain in, one at a time, with weights that learn from each: see `Adaptation`. */
export function adaptingMemory(chain: Chain): number {
  const work = { batch: 1, rollOuts: 0, optimiser: 'adam', trains: 'decoder', validated: 1 } as const;
  const bytes = inProportion(chain, 1, (counted) => countBytes(() => train(counted, work, false)));
  // The average of those that learn, which is what scores, and the model's own.
  return PROCESS + bytes + 2 * weightBytes(chain);
}

/** A step of a training, as `train` does it, a validation, and what is saved, where it is. */
function train(chain: Chain, work: TrainingWork, isSaved: boolean): void {
  const { batch, rollOuts, trains, validated } = work;
  const optimiser = optimisers[work.optimiser];
  const [buffer, first] = [blankExamples(chain, batch), blankWeights(chain)];
  const rollOutBuffer = blankRollOut(chain, rollOuts);
  let state: TrainingState = {
    weights: blankWeights(chain),
    optimiser: optimiser.stateNames.map(() => blankWeights(chain)),
  };
  const examples = blankExamples(chain, batch);
  const rollOut = blankRollOut(chain, rollOuts);
  const gradients = gradientsOf(chain, state.weights, examples, { trains, rollOut });
  disposeExamples(examples);
  if (rollOut !== null) disposeRollOut(rollOut);
  const norm = globalNorm(gradients.gradients);
  // From the second update on, what is replaced lies in the pool.
  for (let step = 1; step <= 2; step++) state = updated(optimiser, { learningRate: 0, step }, state, gradients, norm);
  tf.dispose([gradients.nats, norm, ...gradients.gradients]);
  score(chain, state.weights, validated);
  const tensors = [...state.weights, ...state.optimiser.flat()];
  tf.dispose([...(isSaved ? tensors.map(copied) : []), ...tensors, ...first]);
  disposeExamples(buffer);
  if (rollOutBuffer !== null) disposeRollOut(rollOutBuffer);
}

export function blankRollOut(chain: Chain, number: number): RollOut | null {
  if (number === 0) return null;
  const { exampleShape } = chain;
  const used = SUBSEQUENCES.filter(({ stride }) => stride === 1 || exampleShape.context >= LEAST_GIVEN);
  return {
    known: used.map((subsequence) => ({
      subsequence,
      given: blankGiven(exampleShape, exampleShape, number),
      counts: tf.fill([number, 1, 1, 1], 0),
    })),
    truth: Array.from({ length: PREDICTED_FRAMES }, () => blankImages(chain, number)),
  };
}
