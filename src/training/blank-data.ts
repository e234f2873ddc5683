import type { Chain } from '../model/chain.js';
import { blankExamples } from '../conditioning/context/examples.js';
import { blankRollOut } from './roll-outs.js';
import type { StepData } from './shards.js';

/** Makes step data of zeros, to count memory or to measure time. */
export function blankData({ exampleShape }: Chain): StepData {
  return {
    batch: (_step, _stage, { from, to }) => blankExamples(exampleShape, to - from),
    rollOut: (_step, _stage, { from, to }) => blankRollOut(exampleShape, to - from),
  };
}
