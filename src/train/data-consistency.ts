import { errorFactory } from '../foundation/errors.js';
import { hashText, type DataHashes } from '../training/data-files.js';
import type { RunFolder } from '../training/run-folder.js';

/**
 * Whether a training is given what it began with. A resumed training ends with the weights of one that never stopped
 * only where it is shown the same frames in the same order. The files are compared before anything is decoded, and by
 * their bytes, for a file may be copied or touched; the frames afterwards, for another decoder may make others of the
 * same file.
 */
export class DataConsistency {
  /** @param before of the state to go on from @param accept go on with other data, and say so */
  constructor(
    private readonly run: RunFolder,
    private readonly before: DataHashes,
    private readonly accept: boolean,
    private readonly onWarning: ((text: string) => void) | undefined,
  ) {}

  /** Whether it is known which files the training began with. */
  get isListed(): boolean {
    return this.before.files !== null;
  }

  /**
   * What to keep of the files that are there now; the very hashes of before where they are the same.
   * @throws PxvError `INPUT` where they are others
   */
  list(list: string): DataHashes {
    const files = hashText(list);
    if (files === this.before.files) return this.before;
    if (this.before.files !== null) {
      const changes = this.run.dataChanges(list, this.before.files);
      this.refuse('the files that the training began with', changes, 'bring them back');
    }
    // What the best so far was measured on stays known until other data have been opened.
    return { files, frames: null, validation: this.before.validation };
  }

  /** What to keep once the frames are decoded. @throws PxvError `INPUT` where they are others */
  frames(listed: DataHashes, { frames, validation }: Pick<DataHashes, 'frames' | 'validation'>): DataHashes {
    if (listed.frames !== null && frames !== listed.frames) {
      const remedy = 'decode them with the FFmpeg of then (PXV_FFMPEG)';
      this.refuse('the frames that the training began with', 'the same files decoded to other frames', remedy);
    }
    return { ...listed, frames, validation: validation ?? listed.files };
  }

  /** Whether what is held out is what it was: only then can one validation be compared with another. */
  validates({ validation }: DataHashes): boolean {
    return validation === this.before.validation;
  }

  private refuse(expected: string, received: string, remedy: string): void {
    const otherwise = 'or go on with what is there now by --accept-changed-data, to other weights';
    if (!this.accept)
      throw errorFactory('INPUT', 'resume training')(this.run.path, expected, received, `${remedy}, ${otherwise}`);
    this.onWarning?.(`goes on with changed data: ${received}`);
  }
}
