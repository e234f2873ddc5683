import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  type Dirent,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorFactory } from '../../foundation/errors.js';
import type { Box } from '../../foundation/frame.js';
import { makeFolder } from '../../foundation/make-folder.js';
import {
  attemptWrite,
  parseTemporaryName,
  removeEmptyFolders,
  writeFailure,
  writeFileAtomically,
} from '../../foundation/write-file.js';
import type { Baseline } from '../../anomaly/anomaly-scorer.js';
import type { AnomalyState } from '../../anomaly/score-anomalies.js';
import { isLockName, lockFolder } from '../../foundation/folder-lock.js';

/** Timeline row of a scored frame. */
export interface TimelineRow {
  /** 0-based index of the frame in the clip. */
  frame: number;
  /** Cost of the frame, in bits/dim. */
  bits: number;
  /** Anomaly score of the frame. */
  score: number;
  /** Region with the highest z-score, in pixels. */
  box: Box;
}

/** State of an unfinished search. */
export interface SearchState {
  /** Key of the search: see `describeSearch`. */
  description: string;
  /** Fitted baseline; null: none. */
  baseline: Baseline | null;
  /** State of scoring; null before the first frame. */
  surprise: AnomalyState | null;
  /** Mean bits per pixel so far, for the scale of heat maps. */
  meanMap: number;
  /** Number of frames in each part of the video. */
  parts: readonly number[];
}

/** Schema of the keys that are needed before `description` is compared. */
const savedSchema = z.looseObject({ description: z.string(), parts: z.array(z.int().min(1)) });

const files = { state: 'search.json', timeline: 'timeline.bin' } as const;
/** Numbers per timeline row, as 64-bit floats. */
const NUMBERS = 7;
const BYTES_OF_ROW = 8 * NUMBERS;
const partName = /^part-\d{5,}\.mp4$/;

/**
 * Folder of an unfinished search beside its output: parts of the video, the timeline, and a state to resume from.
 * Committed parts survive a crash; later work is done again.
 */
export class SearchCheckpoint {
  private constructor(
    readonly path: string,
    private readonly release: () => void,
    private saved: SearchState,
  ) {}

  /**
   * Opens or creates the folder at `path`, and locks the folder for this process.
   *
   * @param description key of the search, as `describeSearch` returns it; only a search of the same key is resumed
   * @param overwrite true to discard an existing search
   * @throws PxvError `OUTPUT` if the folder holds another search, a damaged one, or files but no search; `OUTPUT` if
   *   the folder cannot be written
   */
  static async open(path: string, description: string, overwrite: boolean): Promise<SearchCheckpoint> {
    let made: string[] = [];
    let release = () => {};
    try {
      made = makeFolder(path);
      if (!existsSync(join(path, files.state))) assertNoForeignFiles(path);
      release = await lockFolder(path, 'search');
      if (overwrite) for (const name of Object.values(files)) rmSync(join(path, name), { force: true });
      const state = readState(path) ?? { description, baseline: null, surprise: null, meanMap: 0, parts: [] };
      if (state.description !== description)
        throw otherSearch(path, 'of another clip or version, or with other options');
      dropUncommittedRows(path, state);
      return new SearchCheckpoint(path, release, state);
    } catch (cause) {
      release();
      removeEmptyFolders(made);
      throw writeFailure(path, cause);
    }
  }

  /** State that was last saved, by `commit` or `saveBaseline`. */
  get state(): Readonly<SearchState> {
    return this.saved;
  }

  /** Number of committed frames. */
  get frames(): number {
    return countFrames(this.saved);
  }

  /** Path of the next part of the video. */
  get nextPart(): string {
    return this.part(this.saved.parts.length);
  }

  /** Committed parts of the video, each with its number of frames. */
  get films(): { path: string; frames: number }[] {
    return this.saved.parts.map((frames, at) => ({ path: this.part(at), frames }));
  }

  /** Saves the fitted baseline. @throws PxvError `OUTPUT` if the file cannot be written */
  saveBaseline(baseline: Baseline): void {
    this.save({ ...this.saved, baseline });
  }

  /**
   * Commits a part of the search: the timeline rows of a part whose video is written at `nextPart`.
   * @param surprise state to resume from after the part
   * @param meanMap mean bits per pixel so far, for the scale of heat maps
   * @throws PxvError `OUTPUT` if the file cannot be written
   */
  commit(rows: readonly TimelineRow[], surprise: AnomalyState | null, meanMap: number): void {
    const numbers = rows.flatMap(({ frame, bits, score, box: { x, y, width, height } }) => {
      return [frame, bits, score, x, y, width, height];
    });
    const timeline = this.file('timeline');
    attemptWrite(timeline, () => append(timeline, Float64Array.from(numbers)));
    this.save({ ...this.saved, surprise, meanMap, parts: [...this.saved.parts, rows.length] });
  }

  /** Reads the committed timeline rows. */
  rows(): TimelineRow[] {
    if (this.frames === 0) return [];
    const bytes = readFileSync(this.file('timeline'));
    return Array.from({ length: this.frames }, (_, at) => {
      const number = (of: number) => bytes.readDoubleLE(at * BYTES_OF_ROW + 8 * of);
      const box = { x: number(3), y: number(4), width: number(5), height: number(6) };
      return { frame: number(0), bits: number(1), score: number(2), box };
    });
  }

  /** Unlocks the folder. Removes the folder if no state was saved. */
  close(): void {
    this.release();
    if (existsSync(this.path) && !existsSync(this.file('state'))) this.remove();
  }

  /** Removes the files of a finished search, and the folder unless other files have come into it. */
  remove(): void {
    this.release();
    const names = readdirSync(this.path, { withFileTypes: true }).filter((entry) => isOwnFile(entry));
    for (const { name } of names) rmSync(join(this.path, name), { force: true });
    removeEmptyFolders([this.path]);
  }

  private save(saved: SearchState): void {
    writeFileAtomically(this.file('state'), [Buffer.from(JSON.stringify(saved))]);
    this.saved = saved;
  }

  private file(name: keyof typeof files): string {
    return join(this.path, files[name]);
  }

  private part(at: number): string {
    return join(this.path, `part-${String(at + 1).padStart(5, '0')}.mp4`);
  }
}

/** Returns true for a file that a search, or a search that was killed, has in its folder. */
function isOwnFile(entry: Dirent): boolean {
  const name = parseTemporaryName(entry.name) ?? entry.name;
  const isNamed = Object.values<string>(files).includes(name) || partName.test(name) || isLockName(name);
  return isNamed && !entry.isDirectory();
}

/** @throws PxvError `OUTPUT` if the folder holds a file that is not of a search */
function assertNoForeignFiles(path: string): void {
  const foreign = readdirSync(path, { withFileTypes: true }).find((entry) => !isOwnFile(entry));
  if (foreign === undefined) return;
  const remedy = 'move it elsewhere, or choose another --out';
  throw errorFactory('OUTPUT', 'find anomalies')(path, 'files of an unfinished search alone', foreign.name, remedy);
}

/** Appends numbers to a file, and brings them to the disk before the state that counts them. */
function append(path: string, numbers: Float64Array): void {
  const file = openSync(path, 'a');
  try {
    writeFileSync(file, numbers);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Reads the state of a search; null if there is none. @throws PxvError `OUTPUT` if it is damaged */
function readState(path: string): SearchState | null {
  const file = join(path, files.state);
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  try {
    return savedSchema.parse(JSON.parse(text)) as unknown as SearchState;
  } catch {
    throw otherSearch(path, 'that cannot be read');
  }
}

/** Drops the timeline rows of a part that was not committed. @throws PxvError `OUTPUT` if committed rows are missing */
function dropUncommittedRows(path: string, state: SearchState): void {
  const file = join(path, files.timeline);
  const committed = BYTES_OF_ROW * countFrames(state);
  const found = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (found < committed) throw otherSearch(path, `whose ${files.timeline} is cut short`);
  if (found > committed) truncateSync(file, committed);
}

function countFrames({ parts }: SearchState): number {
  return parts.reduce((sum, frames) => sum + frames, 0);
}

function otherSearch(path: string, which: string): Error {
  const remedy = 'remove it, start again with --overwrite, or choose another --out';
  return errorFactory('OUTPUT', 'find anomalies')(path, 'no unfinished search, or this one', `one ${which}`, remedy);
}
