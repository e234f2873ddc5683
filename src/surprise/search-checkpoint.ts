import { closeSync, existsSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';
import type { Box } from '../foundation/frame.js';
import { makeFolder } from '../foundation/make-folder.js';
import { writeFileAtomically, writeFailure } from '../foundation/write-file.js';
import type { Baseline } from '../anomaly/anomaly-scorer.js';
import type { AnomalyState } from '../anomaly/score-anomalies.js';
import { lockFolder } from '../foundation/folder-lock.js';

/** What is kept of a frame that was looked at. */
export interface TimelineRow {
  frame: number;
  bits: number;
  score: number;
  box: Box;
}

/** How far a search is. */
export interface SearchState {
  /** Of what is searched, and how: see `SearchCheckpoint.open`. */
  description: string;
  /** Null while nothing was learned. */
  baseline: Baseline | null;
  /** Null before the first frame. */
  surprise: AnomalyState | null;
  /** Mean bits of a pixel, which heat maps are measured by. */
  meanMap: number;
  /** Frames in each part of the film. */
  parts: readonly number[];
}

/** Of a state only the search that wrote it knows more. */
const savedSchema = z.looseObject({ description: z.string(), parts: z.array(z.int().min(1)) });

const files = { state: 'search.json', timeline: 'timeline.bin' } as const;
/** Numbers of a row of the timeline, of eight bytes. */
const NUMBERS = 7;
const BYTES_OF_ROW = 8 * NUMBERS;

/**
 * A search that is not finished, in a folder beside where its result is to be: parts of the film, the timeline, and a state to go on from.
 * What was committed stays, however the search ends; what came after is done again.
 */
export class SearchCheckpoint {
  private saved: SearchState;

  private constructor(
    readonly path: string,
    private readonly release: () => void,
    description: string,
  ) {
    const text = existsSync(this.file('state')) ? readFileSync(this.file('state'), 'utf8') : null;
    this.saved =
      text === null ? { description, baseline: null, surprise: null, meanMap: 0, parts: [] } : parsed(path, text);
    // What was written of a part that was not committed.
    if (existsSync(this.file('timeline'))) truncateSync(this.file('timeline'), BYTES_OF_ROW * this.frames);
  }

  /**
   * Takes the folder for this process alone.
   *
   * @param what is searched, and how: another search is not gone on with
   * @param anew whether what is there is thrown away
   * @throws PxvError `OUTPUT` where another search is there, or the folder cannot be written
   */
  static async open(path: string, what: string, anew: boolean): Promise<SearchCheckpoint> {
    try {
      makeFolder(path);
    } catch (cause) {
      throw writeFailure(path, cause);
    }
    const release = await lockFolder(path, 'search');
    try {
      if (anew) for (const name of Object.values(files)) rmSync(join(path, name), { force: true });
      const search = new SearchCheckpoint(path, release, what);
      if (search.saved.description !== what) throw otherSearch(path, 'of another clip, or with other options');
      return search;
    } catch (error) {
      release();
      throw error;
    }
  }

  get state(): Readonly<SearchState> {
    return this.saved;
  }

  /** Frames that are committed. */
  get frames(): number {
    return this.saved.parts.reduce((sum, frames) => sum + frames, 0);
  }

  /** Where the next part of the film is to be written. */
  get nextPart(): string {
    return this.part(this.saved.parts.length);
  }

  /** The parts of the film, and how many frames each has. */
  get films(): { path: string; frames: number }[] {
    return this.saved.parts.map((frames, at) => ({ path: this.part(at), frames }));
  }

  /** Keeps what was learned to be usual. */
  saveBaseline(baseline: Baseline): void {
    this.save({ ...this.saved, baseline });
  }

  /** Keeps a part: its rows, and what is gone on from after it; its film is there. */
  commit(rows: readonly TimelineRow[], surprise: AnomalyState | null, meanMap: number): void {
    const numbers = rows.flatMap(({ frame, bits, score, box: { x, y, width, height } }) => {
      return [frame, bits, score, x, y, width, height];
    });
    const file = openSync(this.file('timeline'), 'a');
    try {
      writeSync(file, new Uint8Array(Float64Array.from(numbers).buffer));
    } finally {
      closeSync(file);
    }
    this.save({ ...this.saved, surprise, meanMap, parts: [...this.saved.parts, rows.length] });
  }

  /** The timeline so far. */
  rows(): TimelineRow[] {
    if (this.frames === 0) return [];
    const bytes = readFileSync(this.file('timeline'));
    return Array.from({ length: this.frames }, (_, at) => {
      const number = (of: number) => bytes.readDoubleLE(at * BYTES_OF_ROW + 8 * of);
      const box = { x: number(3), y: number(4), width: number(5), height: number(6) };
      return { frame: number(0), bits: number(1), score: number(2), box };
    });
  }

  /** Leaves the folder as it is, to be gone on with, or without it where nothing was committed. */
  close(): void {
    this.release();
    if (!existsSync(this.file('state'))) this.remove();
  }

  /** What it was for is done. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
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

function parsed(path: string, text: string): SearchState {
  try {
    return savedSchema.parse(JSON.parse(text)) as unknown as SearchState;
  } catch {
    throw otherSearch(path, 'that cannot be read');
  }
}

function otherSearch(path: string, which: string): Error {
  const remedy = 'remove it, begin anew with --overwrite, or choose another --out';
  return errorFactory('OUTPUT', 'find surprise')(path, 'no unfinished search, or this one', `one ${which}`, remedy);
}
