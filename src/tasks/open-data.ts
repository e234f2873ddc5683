import type { TrainingData } from '../training/train.js';

/** How far the decoding of a training's data is, or the reading of its files. */
export interface DecodeProgress {
  /** What is counted. */
  unit: 'clips' | 'images' | 'files';
  done: number;
  total: number;
  /** Of the clip or file at hand, the last part of its path; or of the set. */
  name: string;
}

/** What a training is to learn from, found but not opened. */
export interface FoundData<Facts> {
  files: readonly FoundFile[];
  open: () => Promise<OpenData<Facts>> | OpenData<Facts>;
  /** Whether it was opened or not. */
  close: () => Promise<void> | void;
}

export interface FoundFile {
  /** What it is called wherever the data lie. */
  name: string;
  path: string;
}

/** The data of a training while it is open. */
export interface OpenData<Facts> {
  data: TrainingData;
  /** What is to be said of it before the first step. */
  facts: Facts;
  /** SHA-256 of the frames that were decoded for the training, in hexadecimal; null where it reads the files themselves. */
  frames: string | null;
  /** The same of the frames that are held out; null where files are read themselves. */
  validation: string | null;
}
