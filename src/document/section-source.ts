import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Model } from '../model/model.js';
import type { Section } from './report.js';

/** A path that a report was asked to show. */
export interface ReportInput {
  path: string;
  /** Prefix of the HTML ids of its sections. */
  id: string;
  /** Names of the files in it; null if it is not a folder. */
  names: readonly string[] | null;
  /** Contents of a JSON file; undefined for all other files. */
  json: object | undefined;
}

/** Options for sections that predict. */
export interface SectionOptions {
  /** Frames at a clip's end to predict. */
  holdOut: number;
  /** Samples to draw. */
  samples: number;
  seed: number | bigint;
  /** Loads the model that predicts clips. */
  model?: (() => Promise<Model>) | undefined;
  /** Called as a clip is predicted: its name, the work, frames done and their total. */
  onProgress?: ((progress: { name: string; what: string; done: number; total: number }) => void) | undefined;
  /** Called with each warning, one line of text. */
  onWarning?: ((text: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** The part of a report that one capability makes. */
export interface SectionSource<Item> {
  /** Whether it reads what pxv wrote, or clips; sources of results are tried first. */
  reads: 'results' | 'clips';
  /**
   * Opens an input.
   * @returns its items, or null if the input is of another kind
   * @throws PxvError `INPUT` if the input is of this kind and cannot be read
   */
  open(input: ReportInput): Item[] | null | Promise<Item[] | null>;
  /** Makes the sections of items that follow each other in the report. */
  sections(items: readonly Item[], options: SectionOptions): Section[] | Promise<Section[]>;
}

/** Returns the error for a JSON file that is no result of pxv. */
export function unreadableResult(path: string, received: string): PxvError {
  const remedy = 'give what pxv eval-video --json or pxv surprise --json printed';
  return errorFactory('INPUT', 'write report')(path, 'a result of pxv as JSON', received, remedy);
}
