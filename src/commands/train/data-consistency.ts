import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorFactory } from '../../foundation/errors.js';
import { sha256 } from '../../foundation/sha256.js';
import type { DataHashes } from '../../training/training-checkpoint.js';
import { dataList, hashText, type DataFile } from '../../training/data-list.js';
import type { RunFolder } from '../../training/run-folder.js';
import type { LocatedData } from './data-source.js';
import type { TrainModelHooks } from './options.js';

/**
 * Consistency check of a resumed training's data by hashes. Only the same frames in the same order give the weights of
 * an uninterrupted training. Files are compared before decoding, by content, as modification times may change. Frames
 * are compared after decoding, since another version of FFmpeg may decode a file differently.
 */
export class DataConsistency {
  /**
   * @param run run folder of the training
   * @param before hashes in the state that the training resumes from
   * @param accept true: changed data cause a warning; false: an error
   * @param onWarning called with a line about changed data
   */
  constructor(
    private readonly run: RunFolder,
    private readonly before: DataHashes,
    private readonly accept: boolean,
    private readonly onWarning: ((text: string) => void) | undefined,
  ) {}

  /**
   * Compares the files, and returns the hashes to store with the training: `before` itself if the files are unchanged,
   * else with null for `frames`.
   * @param list text of the list of files, as `hashDataFiles` returns it
   * @throws PxvError `INPUT` if the files have changed and changes are not accepted
   */
  list(list: string): DataHashes {
    const files = hashText(list);
    if (files === this.before.files) return this.before;
    if (this.before.files !== null) {
      const changes = this.run.dataChanges(list, this.before.files);
      this.refuse('the original files', changes, 'bring them back');
    }
    // The data of the best validation stay known until other data have been opened.
    return { files, frames: null, validation: this.before.validation };
  }

  /**
   * Compares the decoded frames, and returns the hashes to store with the training.
   * @param listed result of `list`
   * @throws PxvError `INPUT` if the frames have changed and changes are not accepted
   */
  frames(
    listed: DataHashes,
    { frames = null, validation = null }: Partial<Pick<DataHashes, 'frames' | 'validation'>>,
  ): DataHashes {
    if (listed.frames !== null && frames !== listed.frames) {
      const remedy = 'decode them with the original FFmpeg (PXV_FFMPEG)';
      this.refuse('the original frames', 'other frames decoded from the same files', remedy);
    }
    return { ...listed, frames, validation: validation ?? listed.files };
  }

  private refuse(expected: string, received: string, remedy: string): void {
    const otherwise = 'or go on with the changed data by --accept-changed-data, to other weights';
    if (!this.accept)
      throw errorFactory('INPUT', 'resume training')(this.run.path, expected, received, `${remedy}, ${otherwise}`);
    this.onWarning?.(`training goes on with changed data: ${received}`);
  }
}

/**
 * Hashes the files of a training's data. A file that cannot be read is listed without a hash.
 * @returns text of the list of files for data.jsonl
 * @throws the signal's reason if aborted
 */
export async function hashDataFiles(
  { files }: Pick<LocatedData<unknown>, 'files'>,
  { onList, signal }: TrainModelHooks,
): Promise<string> {
  const listed: DataFile[] = [];
  const tell = (done: number, name: string) =>
    onList?.({ unit: 'files', done, total: files.length, name: basename(name) });
  for (const [index, { name, path }] of files.entries()) {
    signal?.throwIfAborted();
    tell(index, name);
    // An unreadable clip may be skipped by the training: it is listed without a hash.
    listed.push({ path: name, ...((await contentsOf(path).catch(() => null)) ?? { bytes: null, sha256: null }) });
  }
  if (files.length > 0) tell(files.length, files[files.length - 1].name);
  return dataList(listed);
}

/** Returns null for anything but a regular file, such as a pipe, which may never end. */
async function contentsOf(path: string): Promise<Pick<DataFile, 'bytes' | 'sha256'> | null> {
  const facts = await stat(path);
  return facts.isFile() ? { bytes: facts.size, sha256: await sha256(path) } : null;
}
