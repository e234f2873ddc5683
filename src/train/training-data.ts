import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { sha256 } from '../foundation/sha256.js';
import { dataList, type DataFile } from '../training/data-files.js';
import type { TrainingData } from '../training/train.js';
import type { ValidatingExample } from '../training/validation.js';
import { throwIfInterrupted } from '../video/interruption.js';
import type { TrainModelHooks } from './options.js';

/** What a training is to learn from, found but not opened. */
export interface LocatedData<Facts> {
  /** What each is called wherever the data lie, and where it is. */
  files: readonly { name: string; path: string }[];
  open: () => Promise<OpenData<Facts>> | OpenData<Facts>;
  /** Whether it was opened or not. */
  close: () => Promise<void> | void;
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
  /** Frames that the model is to predict as it learns; null where none are held out, and of images. */
  example: ValidatingExample | null;
}

/**
 * Reads the files of a training's data for their checksums.
 * @returns the list of them, as data.jsonl has it
 * @throws PxvError `INTERRUPTED` where the signal is aborted
 */
export async function hashDataFiles(
  { files }: Pick<LocatedData<unknown>, 'files'>,
  { onList, signal }: TrainModelHooks,
): Promise<string> {
  const listed: DataFile[] = [];
  const tell = (done: number, name: string) =>
    onList?.({ unit: 'files', done, total: files.length, name: basename(name) });
  for (const [index, { name, path }] of files.entries()) {
    throwIfInterrupted(signal, 'read data', path);
    tell(index, name);
    // A clip that cannot be read may be left out of the training: it is listed as what it is.
    listed.push({ path: name, ...((await contentsOf(path).catch(() => null)) ?? { bytes: null, sha256: null }) });
  }
  if (files.length > 0) tell(files.length, files[files.length - 1].name);
  return dataList(listed);
}

/** Null for what is no file, such as a pipe, which may have no end. */
async function contentsOf(path: string): Promise<Pick<DataFile, 'bytes' | 'sha256'> | null> {
  const facts = await stat(path);
  return facts.isFile() ? { bytes: facts.size, sha256: await sha256(path) } : null;
}
