import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { PxvError } from '../foundation/errors.js';
import { makeFolder } from '../foundation/make-folder.js';
import {
  modelMetadata,
  namedWeights,
  readDescription,
  saveModel,
  takeWeights,
  type ModelFacts,
} from '../model/checkpoint.js';
import { buildChain, type Chain } from '../model/chain.js';
import { parseConfiguration } from '../model/parse-configuration.js';
import { readSafetensors, writeSafetensors, type NamedArray } from '../model/safetensors.js';
import { toArrays, toTensors } from '../model/weights.js';
import { appendLine, replaceFile, unfinishedName, writeFailure } from '../foundation/write-file.js';
import { expectStages, learntFrameRate, runSchema, type RunConfiguration } from './configuration.js';
import { listChanges, noDataHashes, textHash, type DataHashes } from './data-list.js';
import { optimisers } from '../fitting/optimisers.js';
import { lockRun } from './run-lock.js';
import type { TrainingState } from '../fitting/update.js';
import type { Validation } from './validation.js';

/** Everything that a training is made of at one step, but the data. */
export interface Checkpoint {
  configuration: RunConfiguration;
  state: TrainingState;
  /** Updates done. */
  step: number;
  /** The lowest validation so far; null before the first. */
  best: Validation | null;
  dataHashes: DataHashes;
  /** What computed the last steps, as `arithmeticInUse` names it; null where that is not known, or nothing has. */
  arithmetic: string | null;
}

/** One line of log.jsonl. */
export interface LogEntry {
  step: number;
  [name: string]: number;
}

/** What training.safetensors says of the training besides its configuration, in its metadata. */
const progressSchema = z.strictObject({
  step: z.int().min(0),
  best: z.strictObject({ step: z.int().min(1), bitsPerDim: z.number() }).nullable(),
  dataHashes: z
    .strictObject({
      files: z.string().nullable(),
      frames: z.string().nullable(),
      validation: z.string().nullable().default(null),
    })
    .default(noDataHashes),
  arithmetic: z.string().nullable().default(null),
});

const files = {
  configuration: 'config.json',
  model: 'model.safetensors',
  training: 'training.safetensors',
  log: 'log.jsonl',
  data: 'data.jsonl',
  frames: 'frames',
} as const;

/** What a training leaves at the top, but for the decoded frames; the state last. */
const results = [files.configuration, files.model, files.log, files.data, files.training];

/** How a training comes to a folder. */
export interface Entry {
  /** Go on with the training that is there. */
  resume: boolean;
  /** A new training may replace one that is there. */
  overwrite: boolean;
}

/**
 * The folder of one training: config.json (to read), model.safetensors (the best weights so far; predicts alone),
 * training.safetensors (resumes alone), log.jsonl, data.jsonl (what is learnt from), and frames/, the decoded frames. Every
 * file is replaced whole.
 */
export class RunFolder {
  constructor(readonly path: string) {}

  /**
   * Takes the folder for this process alone, and makes it where a new training finds none.
   *
   * @returns what gives it back, and leaves no empty folder behind where it was made
   * @throws PxvError `OUTPUT` where another training is in it, where a new one would replace what is there, or where it
   *   cannot be made; `CHECKPOINT` where there is nothing to resume
   */
  async enter({ resume, overwrite }: Entry): Promise<() => void> {
    if (resume && !this.hasTraining) throw this.nothingToResume();
    const made = resume ? [] : this.create();
    const leave = () => made.every(removedWhereEmpty);
    try {
      const release = await lockRun(this.path);
      try {
        this.removeUnfinished();
        if (!resume && !overwrite && this.hasResults) throw this.occupied(this.found);
      } catch (error) {
        release();
        throw error;
      }
      return () => {
        release();
        leave();
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Where the decoded frames are kept. */
  get frames(): string {
    return join(this.path, files.frames);
  }

  /** What a training writes here at the top, in place of what is there. */
  get written(): string[] {
    return results.map((name) => join(this.path, name));
  }

  /** Whether a training has left anything here, but for decoded frames. */
  get hasResults(): boolean {
    return this.found.length > 0;
  }

  private get found(): string[] {
    return results.filter((name) => existsSync(join(this.path, name)));
  }

  /** Whether a training has left a state here to resume from. */
  get hasTraining(): boolean {
    return existsSync(join(this.path, files.training));
  }

  /**
   * Makes the folder and those around it where they are missing.
   *
   * @returns those that were made, the innermost first
   * @throws PxvError `OUTPUT` where that is not possible
   */
  create(): string[] {
    const remedy = 'choose another folder with --out';
    if (existsSync(this.path) && !statSync(this.path).isDirectory()) {
      const asked = { operation: 'make run folder', argument: this.path, expected: 'a folder' };
      throw new PxvError({ code: 'OUTPUT', ...asked, received: 'a file of that name', remedy });
    }
    try {
      return makeFolder(this.path);
    } catch (cause) {
      throw writeFailure(this.path, cause, {
        operation: 'make run folder',
        remedy,
      });
    }
  }

  /**
   * Removes what a training has left, but for the decoded frames, which serve any other. The state goes first, since the
   * best model does not come again where a training is resumed without it.
   */
  clear(): void {
    for (const name of results.toReversed()) rmSync(join(this.path, name), { force: true });
  }

  /** Writes data.jsonl. */
  writeDataList(list: string): void {
    replaceFile(join(this.path, files.data), [Buffer.from(list)]);
  }

  /** How the files of a list differ from those of the list with this hash, which the training began with. */
  dataChanges(list: string, hash: string): string {
    const path = join(this.path, files.data);
    const before = existsSync(path) ? readFileSync(path, 'utf8') : null;
    return listChanges(before !== null && textHash(before) === hash ? before : null, list);
  }

  /** Whether config.json is there and says something else than the state, its length aside, which is written more often. */
  configurationWasChanged(configuration: RunConfiguration): boolean {
    const path = join(this.path, files.configuration);
    if (!existsSync(path)) return false;
    const read = runSchema.safeParse(json(readFileSync(path, 'utf8')));
    const withoutLength = ({ training, ...others }: RunConfiguration) => ({
      ...others,
      training: { ...training, steps: null, minutes: null, pace: [] },
    });
    return !read.success || !isDeepStrictEqual(withoutLength(read.data), withoutLength(configuration));
  }

  writeConfiguration(configuration: RunConfiguration): void {
    replaceFile(join(this.path, files.configuration), [Buffer.from(`${JSON.stringify(configuration, null, 2)}\n`)]);
  }

  /** Writes model.safetensors. */
  async saveModel(chain: Chain, { configuration, state, step }: Checkpoint): Promise<void> {
    const weights = await toArrays(state.weights);
    saveModel(join(this.path, files.model), { ...facts(configuration, step), chain, weights });
  }

  /**
   * Writes the model of a new best, or of the latest weights where there is no best, where a process was killed that had
   * saved the state of it alone. The state is saved first, since it may never come to a model that is newer: by minutes, a
   * training goes on in other steps.
   */
  async finishSave(chain: Chain, checkpoint: Checkpoint): Promise<void> {
    if ((checkpoint.best ?? checkpoint).step === checkpoint.step) await this.saveModel(chain, checkpoint);
  }

  /** Writes training.safetensors. */
  async saveTraining(chain: Chain, checkpoint: Checkpoint): Promise<void> {
    const { configuration, state, step, best, dataHashes, arithmetic } = checkpoint;
    const arrays = namedWeights(chain.parameters, await toArrays(state.weights));
    const { stateNames } = optimisers[configuration.training.optimiser];
    for (const [index, name] of stateNames.entries()) {
      const named = namedWeights(chain.parameters, await toArrays(state.optimiser[index]), `optimiser.${name}.`);
      for (const [key, array] of named) arrays.set(key, array);
    }
    const { training, data } = configuration;
    const metadata = {
      ...modelMetadata(facts(configuration, step)),
      training: JSON.stringify(training),
      data: JSON.stringify(data),
      best: JSON.stringify(best),
      dataHashes: JSON.stringify(dataHashes),
      arithmetic: JSON.stringify(arithmetic),
    };
    writeSafetensors(join(this.path, files.training), { arrays, metadata });
  }

  /**
   * Reads training.safetensors; the state's tensors live until they are disposed of.
   *
   * @throws PxvError `CHECKPOINT` where there is nothing to resume, or it is broken
   */
  load(): { checkpoint: Checkpoint; chain: Chain } {
    const path = join(this.path, files.training);
    if (!this.hasTraining) throw this.nothingToResume();
    const { arrays, metadata } = readSafetensors(path);
    const source = { operation: 'resume training', argument: path, code: 'CHECKPOINT' } as const;
    const model = readDescription(path, metadata.description);
    const [drawing, training, data, step, best, dataHashes, arithmetic] = [
      ...['drawing', 'training', 'data', 'step', 'best', 'dataHashes', 'arithmetic'],
    ].map((key) => json(metadata[key]));
    expectStages(training, source, `start a new one from its model: pxv train --from ${this.path} --out OTHER`);
    const configuration = parseConfiguration(runSchema, { model, drawing, training, data }, source);
    const progress = parseConfiguration(progressSchema, { step, best, dataHashes, arithmetic }, source);
    const chain = buildChain(configuration.model);
    const { stateNames } = optimisers[configuration.training.optimiser];
    const read = (prefix: string) => tensors(path, chain, arrays, prefix);
    const state = { weights: read(''), optimiser: stateNames.map((name) => read(`optimiser.${name}.`)) };
    return { chain, checkpoint: { configuration, state, ...progress } };
  }

  /** Seconds that the first steps took, as the log has them. */
  secondsOf(steps: number): number {
    return this.logged().reduce((sum, { step, seconds = 0 }) => (step <= steps ? sum + seconds : sum), 0);
  }

  /** @throws PxvError `OUTPUT` where the log cannot be written */
  appendLog(entry: LogEntry): void {
    appendLine(join(this.path, files.log), JSON.stringify(entry));
  }

  /** Drops what was logged after a step, so that a resumed training's log reads as if it had never stopped. */
  cutLog(step: number): void {
    const path = join(this.path, files.log);
    if (!existsSync(path)) return;
    const kept = this.logged().filter((entry) => entry.step <= step);
    replaceFile(path, [Buffer.from(kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''))]);
  }

  private logged(): LogEntry[] {
    const path = join(this.path, files.log);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    // A line that was cut while it was written is no entry.
    return lines.flatMap((line) => (json(line) as LogEntry | undefined) ?? []);
  }

  /** Removes what a training that was killed was writing. */
  private removeUnfinished(): void {
    const isResult = (name: string) => results.some((result) => result === name);
    for (const [folder, isOwn] of [
      [this.path, isResult],
      [this.frames, () => true],
    ] as const) {
      if (!existsSync(folder)) continue;
      if (!statSync(folder).isDirectory()) throw this.isFile(folder);
      for (const name of readdirSync(folder)) {
        const meant = unfinishedName(name);
        if (meant !== null && isOwn(meant)) rmSync(join(folder, name), { force: true });
      }
    }
  }

  private isFile(folder: string): PxvError {
    return new PxvError({
      code: 'OUTPUT',
      operation: 'make run folder',
      argument: folder,
      expected: 'a folder',
      received: 'a file',
      remedy: 'remove it, or choose another folder with --out',
    });
  }

  private nothingToResume(): PxvError {
    return new PxvError({
      code: 'CHECKPOINT',
      operation: 'resume training',
      argument: this.path,
      expected: `a run folder with ${files.training}`,
      received: existsSync(this.path) ? 'a folder without it' : 'no such folder',
      remedy: 'check --out, or leave out --resume to start anew',
    });
  }

  private occupied(found: readonly string[]): PxvError {
    const others = this.hasTraining ? 'go on with it by --resume, replace it' : 'replace them';
    return new PxvError({
      code: 'OUTPUT',
      operation: 'make run folder',
      argument: this.path,
      expected: 'a folder without a training in it',
      received: `a folder that holds ${found.join(', ')}`,
      remedy: `${others} by --overwrite, or choose another folder with --out`,
    });
  }
}

/** What a model says of itself besides its weights. */
function facts({ model, drawing, data }: RunConfiguration, step: number): ModelFacts {
  return { description: model, step, frameRate: learntFrameRate(data), drawing, origin: null };
}

function removedWhereEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function tensors(
  path: string,
  { parameters }: Chain,
  arrays: ReadonlyMap<string, NamedArray>,
  prefix: string,
): Tensor[] {
  return toTensors(takeWeights(path, parameters, arrays, prefix), parameters);
}

/** The value of a JSON text; undefined where it is none. */
function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
