import type { Chain } from '../model/chain.js';
import { blankExamples } from '../conditioning/context/examples.js';
import { blankRollOut } from './roll-outs.js';
import type { StepData } from './shards.js';

/**
 * Returns step data of zeros, in the shapes that `chain` is trained on, to measure memory or time. Each call of its
 * functions makes new tensors, which the caller disposes.
 */
export function createBlankStepData({ exampleShape }: Chain): StepData {
  return {
    batch: (_step, _stage, { from, to }) => blankExamples(exampleShape, to - from),
    rollOut: (_step, _stage, { from, to }) => blankRollOut(exampleShape, to - from),
  };
}
