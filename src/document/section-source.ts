import { z } from 'zod';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Model } from '../model/model.js';
import type { Section } from './report.js';

/** Input of a report: a path that the user gave, and facts about the file or folder. */
export interface ReportInput {
  path: string;
  /** Prefix for the HTML ids of the input's sections. */
  id: string;
  /** Names of the files in the folder; null if the path is no folder. */
  names: readonly string[] | null;
  /** Parsed contents if the path is a JSON file; else undefined. */
  json: object | undefined;
}

/** Options for sections that predict. */
export interface SectionOptions {
  /** Number of frames at the end of each clip to hold out and predict. */
  holdOut: number;
  /** Number of samples to draw. */
  samples: number;
  /** Seed of the samples. */
  seed: number | bigint;
  /** Loads the model that predicts clips; required if a section predicts. */
  model?: (() => Promise<Model>) | undefined;
  /** Called during prediction: name of the clip, kind of work, frames done and their total. */
  onProgress?: ((progress: { name: string; what: string; done: number; total: number }) => void) | undefined;
  /** Called with each warning, one line of text. */
  onWarning?: ((text: string) => void) | undefined;
  /** Signal that aborts predictions: `sections` rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Converter of one kind of input, such as run folders or clips, to report sections. */
export interface SectionSource<Item> {
  /** Kind of input: `results` that pxv wrote, or `clips`. Sources of results are tried first. */
  reads: 'results' | 'clips';
  /**
   * Opens an input.
   * @returns the items of `input`, or null if `input` is of another kind
   * @throws PxvError `INPUT` if `input` is of this kind and cannot be read
   */
  open(input: ReportInput): Item[] | null | Promise<Item[] | null>;
  /**
   * Returns the sections for `items`, which are consecutive inputs of the report, in order. Rejects with the errors of
   * the predictions.
   */
  sections(items: readonly Item[], options: SectionOptions): Section[] | Promise<Section[]>;
}

/**
 * Returns the `INPUT` error for a JSON file that is no result of pxv.
 * @param received contents of the file, in words
 */
export function invalidResultError(path: string, received: string): PxvError {
  const remedy = 'give what pxv eval-video --json or pxv surprise --json printed';
  return errorFactory('INPUT', 'write report')(path, 'a result of pxv as JSON', received, remedy);
}

/**
 * Parses a result of pxv by its schema.
 * @throws PxvError `INPUT` if `result` does not match `schema`
 */
export function parseResult<Result>(path: string, result: object, schema: z.ZodType<Result>): Result {
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  throw invalidResultError(path, 'a result of another version, or an incomplete one');
}

/** Schema of a number; null stands for NaN, which JSON lacks. */
export const numberOrNaN = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);
