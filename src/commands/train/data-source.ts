import type { TrainingSplit } from '../../../datasets/index.js';
import type { ProcessGroup } from '../../distributed/process-group.js';
import { errorFactory, type PxvError } from '../../foundation/errors.js';
import type { ImageShape } from '../../foundation/levels.js';
import { pluralize } from '../../foundation/pluralize.js';
import type { Chain } from '../../model/chain.js';
import type { Model } from '../../model/model.js';
import type { TrainingConfiguration } from '../../training/configuration.js';
import type { RunFolder } from '../../training/run-folder.js';
import type { TrainingData } from '../../training/training-loop.js';
import type { HeldOutExample } from '../../training/validation.js';
import type { TrainingInfo, TrainModelHooks } from './options.js';

/** Kind of training data. */
export interface DataSource<Data> {
  /**
   * Finds the data of a training. Rejects with `INPUT` if the data are missing, and with `USAGE` if the model is for
   * other data.
   */
  find(request: DataRequest<Data>): Promise<LocatedData<TrainingInfo['data']>>;
  /** Counts what a training would learn from, without decoding. Rejects as `find`. */
  count(chain: Chain, data: Data): Promise<DataCount>;
  /** Returns the paths that are read; none for a data set in the cache. */
  inputs(data: Data): readonly string[];
  /** Returns true if a training cannot choose the size of its frames or images. */
  hasFixedSize(data: Data): boolean;
}

/** Number of clips, images or digits that a training learns from. */
export interface DataCount {
  unit: 'clips' | 'images' | 'digits';
  count: number;
}

/** Training whose data are to be found. */
export interface DataRequest<Data> {
  run: RunFolder;
  chain: Chain;
  data: Data;
  training: TrainingConfiguration;
  hooks: TrainModelHooks;
  processGroup: ProcessGroup;
  /** False if the training is resumed. */
  isNew: boolean;
  /**
   * True if a resumed training has a list of its files, by which missing files are reported later. A path without clips
   * is then skipped, if another holds clips.
   */
  isListed: boolean;
}

/** Data of a training, located but not opened. */
export interface LocatedData<Facts> {
  /** Files of the data: a name that does not depend on the location, and the path. */
  files: readonly { name: string; path: string }[];
  /**
   * Opens the data, and decodes clips or images if needed. Rejects with the errors of decoding (see `openFrameStore`)
   * and with the signal's reason if aborted.
   */
  open: () => Promise<OpenData<Facts>> | OpenData<Facts>;
  /** Closes the data, opened or not. */
  close: () => Promise<void> | void;
}

/** Opened data of a training. */
export interface OpenData<Facts> {
  /** Examples to train on and to validate on. */
  data: TrainingData;
  /** Facts to report before the first step. */
  facts: Facts;
  /** SHA-256 of the frames decoded for the training, in hexadecimal; absent if the files are read directly. */
  frames?: string;
  /** SHA-256 of the held-out frames, in hexadecimal; absent if the files are read directly. */
  validation?: string;
  /** Held-out frames to predict during the training; null or absent for images, or if nothing is held out. */
  example?: HeldOutExample | null;
  /**
   * Returns bits/dim of a model on the held-out frames that validations score; null if its channels or levels differ.
   * Absent for data other than clips.
   */
  scoreModel?: (model: Model, processGroup: ProcessGroup) => Promise<number | null>;
}

/**
 * Returns the `USAGE` error for images of another size or other channels than the model's. Returns null if both are
 * equal.
 * @param name name of the data set
 * @param unit `frames` or `images`
 */
export function otherShape(
  { exampleShape: own }: Chain,
  name: string,
  unit: 'frames' | 'images',
  { size: { width, height }, channels }: Pick<ImageShape, 'size' | 'channels'>,
): PxvError | null {
  if (own.size.width === width && own.size.height === height && own.channels === channels) return null;
  const expected = `a model of ${width}x${height} pixels and ${pluralize(channels, 'channel')}`;
  const received = `${own.size.width}x${own.size.height} and ${own.channels}`;
  const remedy = `describe the model for these ${unit}: leave out --size and --channels`;
  return errorFactory('USAGE', 'train')(name, expected, received, remedy);
}

/**
 * Opens the training and the validation split of a data set. `close` closes both.
 * @throws errors of `open`; a split that is open is closed then
 */
export async function openSplits<Opened extends { close(): void }>(open: (split: TrainingSplit) => Promise<Opened>) {
  const learnt = await open('train');
  const held = await open('validation').catch((error: unknown) => {
    learnt.close();
    throw error;
  });
  const close = () => [learnt, held].forEach((split) => split.close());
  return { learnt, held, close };
}
