import type { Chain } from '../model/chain.js';
import { blankExamples } from '../conditioning/context/examples.js';
import { blankRollOut } from './roll-outs.js';
import type { StepData } from './shards.js';

/** Returns step data whose tensors are all zeros, to measure memory or time. The caller disposes the tensors. */
export function createBlankStepData({ exampleShape }: Chain): StepData {
  return {
    batch: (_step, _stage, { from, to }) => blankExamples(exampleShape, to - from),
    rollOut: (_step, _stage, { from, to }) => blankRollOut(exampleShape, to - from),
  };
}
