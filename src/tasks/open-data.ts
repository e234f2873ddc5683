import type { TrainingData } from '../training/train.js';

/** The data of a training while it is open. */
export interface OpenData<Facts> {
  data: TrainingData;
  /** What is to be said of it before the first step. */
  facts: Facts;
  close: () => Promise<void> | void;
}
