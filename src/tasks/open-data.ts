import type { TrainingData } from '../training/train.js';

/** How far the decoding of a training's data is. */
export interface DecodeProgress {
  /** What is counted. */
  unit: 'clips' | 'images';
  done: number;
  total: number;
  /** Of the clip at hand, or of the set. */
  name: string;
}

/** The data of a training while it is open. */
export interface OpenData<Facts> {
  data: TrainingData;
  /** What is to be said of it before the first step. */
  facts: Facts;
  close: () => Promise<void> | void;
}
