import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { makeFolder } from '../foundation/make-folder.js';
import { saveModel } from '../model/checkpoint.js';
import { modelMetadata, readDescription, takeWeights, toArrays, toTensors } from '../model/model.js';
import { buildChain, type Chain } from '../model/chain.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { parseJson } from '../foundation/parse-json.js';
import { readSafetensors, writeSafetensors } from '../model/safetensors.js';
import {
  appendLine,
  attemptWrite,
  removeEmptyFolders,
  writeFileAtomically,
  parseTemporaryName,
} from '../foundation/write-file.js';
import { dataHashesSchema, stateArrays, trainedModelInfo, type Checkpoint } from './training-checkpoint.js';
import { parseRunConfiguration, runSchema, type RunConfiguration } from './configuration.js';
import { isEventFile } from './event-file.js';
import { machineSchema, type Machine } from './machine.js';
import { SampleSheets } from './sample-sheets.js';
import { listChanges, hashText } from './data-list.js';
import { optimisers } from '../optimization/optimisers.js';
import { lockFolder } from '../foundation/folder-lock.js';
import type { LogEntry, TrainingOutput } from './training-loop.js';
import type { Validation } from './validation.js';

/** Schema of the metadata of training.safetensors, without the configuration. */
const progressSchema = z.strictObject({
  step: z.int().min(0),
  best: z.strictObject({ step: z.int().min(0), bitsPerDim: z.number() }).nullable(),
  dataHashes: dataHashesSchema,
  arithmetic: z.string().nullable(),
});

const files = {
  configuration: 'config.json',
  model: 'model.safetensors',
  training: 'training.safetensors',
  log: 'log.jsonl',
  data: 'data.jsonl',
  machine: 'machine.jsonl',
  frames: 'frames',
  samples: 'samples',
} as const;

/** Files that a training writes at the top of its folder, without the decoded frames; the state last. */
const results = [files.configuration, files.model, files.log, files.data, files.machine, files.training];

/**
 * Returns the validation with the lowest bits/dim in the log of a run folder. Returns null if there is no log or no
 * validation.
 */
export function readBestValidation(folder: string): Validation | null {
  const validations = new RunFolder(folder)
    .readLog()
    .flatMap(({ step, validation }) => (validation === undefined ? [] : [{ step, bitsPerDim: validation }]));
  return validations.reduce<Validation | null>(
    (best, one) => (best === null || one.bitsPerDim < best.bitsPerDim ? one : best),
    null,
  );
}

/**
 * Folder of one training: config.json (for people), model.safetensors (the best weights; enough to predict),
 * training.safetensors (enough to resume), log.jsonl, data.jsonl, machine.jsonl, frames/ (decoded clips), and samples/
 * (drawn during the training). Files are replaced atomically; lines are appended to log.jsonl.
 */
export class RunFolder implements TrainingOutput {
  constructor(readonly path: string) {}

  /**
   * Locks the folder for this process, and creates the folder for a new training.
   * @param resume true: continue the training in the folder
   * @param overwrite true: a new training may replace the training in the folder
   * @returns a function that unlocks the folder, and removes folders that `enter` created and that are still empty
   * @throws PxvError `OUTPUT` if the folder cannot be created, is locked, or holds a training to keep; `CHECKPOINT` if
   * there is nothing to resume
   */
  async enter({ resume, overwrite }: { resume: boolean; overwrite: boolean }): Promise<() => void> {
    if (resume && !this.hasTraining) throw this.nothingToResume();
    const made = resume ? [] : this.create();
    let release = () => {};
    const leave = () => {
      release();
      removeEmptyFolders(made);
    };
    try {
      release = await lockFolder(this.path, 'training');
      this.removeUnfinished();
      if (!resume && !overwrite && this.hasResults) throw this.occupied();
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Path of the folder of decoded frames. */
  get frames(): string {
    return join(this.path, files.frames);
  }

  /** Sheets of samples drawn after validations. */
  get samples(): SampleSheets {
    return new SampleSheets(join(this.path, files.samples));
  }

  /** Paths of the files that a training writes or replaces at the top of the folder. */
  get outputPaths(): string[] {
    return results.map((name) => join(this.path, name));
  }

  /** True if a training has left any result here, except decoded frames. */
  get hasResults(): boolean {
    return this.found.length > 0;
  }

  private get found(): string[] {
    const sheets = this.samples.steps.length > 0 ? [files.samples] : [];
    return [...results.filter((name) => existsSync(join(this.path, name))), ...sheets];
  }

  /** True if the folder holds a state to resume from. */
  get hasTraining(): boolean {
    return existsSync(join(this.path, files.training));
  }

  /** Path of the folder if it holds a state to resume from, else null. */
  get savedIn(): string | null {
    return this.hasTraining ? this.path : null;
  }

  /**
   * Creates the folder and its parents. Returns the created folders, innermost first.
   * @throws PxvError `OUTPUT` if a folder cannot be created
   */
  create(): string[] {
    if (existsSync(this.path) && !statSync(this.path).isDirectory()) throw notFolder(this.path, OTHER_FOLDER);
    const wording = { operation: 'make run folder', remedy: OTHER_FOLDER };
    return attemptWrite(this.path, () => makeFolder(this.path), wording);
  }

  /**
   * Removes the results of a training, except decoded frames. The state goes first, so that none remains without its
   * model.
   */
  clear(): void {
    const events = existsSync(this.path) ? readdirSync(this.path).filter(isEventFile) : [];
    for (const name of [...results.toReversed(), ...events]) rmSync(join(this.path, name), { force: true });
    this.samples.clear();
  }

  /** Writes data.jsonl, atomically. @throws PxvError `OUTPUT` if the file cannot be written */
  writeDataList(list: string): void {
    this.writeText(files.data, list);
  }

  /** Returns the machines of the training in order, each with its first step. Empty if not known. */
  readMachines(): Machine[] {
    return this.linesOf(files.machine).flatMap((line) => machineSchema.safeParse(line).data ?? []);
  }

  /**
   * Records the machine that computes from its step on, if it differs from the last.
   * @throws PxvError `OUTPUT` if machine.jsonl cannot be written
   */
  addMachine(machine: Machine): void {
    const known = this.readMachines();
    const last = known.at(-1);
    if (last !== undefined && isDeepStrictEqual({ ...machine, step: last.step }, last)) return;
    const lines = [...known, machine].map((one) => `${JSON.stringify(one)}\n`);
    this.writeText(files.machine, lines.join(''));
  }

  /**
   * Returns a phrase about the changes from data.jsonl to `list` (see `listChanges`). The earlier list counts as not
   * known if data.jsonl is missing, or its SHA-256 is not `hash`.
   */
  dataChanges(list: string, hash: string): string {
    const before = this.textOf(files.data);
    return listChanges(before !== null && hashText(before) === hash ? before : null, list);
  }

  /**
   * Returns the configuration in config.json. Returns null if there is no file, or one that this version cannot parse.
   */
  readConfiguration(): RunConfiguration | null {
    return runSchema.safeParse(parseJson(this.textOf(files.configuration) ?? '')).data ?? null;
  }

  /**
   * Returns true if config.json cannot be parsed, or differs from `configuration` in more than the length of the
   * training. Returns false without a file.
   */
  configurationWasChanged(configuration: RunConfiguration): boolean {
    const text = this.textOf(files.configuration);
    if (text === null) return false;
    const read = runSchema.safeParse(parseJson(text));
    const withoutLength = ({ training, ...others }: RunConfiguration) => ({
      ...others,
      training: { ...training, steps: null, minutes: null, pace: [] },
    });
    return !read.success || !isDeepStrictEqual(withoutLength(read.data), withoutLength(configuration));
  }

  /** Writes config.json, atomically. @throws PxvError `OUTPUT` if the file cannot be written */
  writeConfiguration(configuration: RunConfiguration): void {
    this.writeText(files.configuration, `${JSON.stringify(configuration, null, 2)}\n`);
  }

  /** Writes model.safetensors, atomically. @throws PxvError `OUTPUT` if the file cannot be written */
  saveModel(chain: Chain, { configuration, state, step }: Checkpoint): void {
    const weights = toArrays(state.weights);
    saveModel(join(this.path, files.model), { ...trainedModelInfo(configuration, step), chain, weights });
  }

  /**
   * Writes model.safetensors again if `checkpoint` holds the best weights so far, or if no validation was done: a
   * process may have been killed between the two saves. The state is saved first: a training by minutes may resume with
   * other steps and never reach a newer model.
   * @throws PxvError as `saveModel`
   */
  finishSave(chain: Chain, checkpoint: Checkpoint): void {
    if ((checkpoint.best ?? checkpoint).step === checkpoint.step) this.saveModel(chain, checkpoint);
  }

  /** Writes training.safetensors, atomically. @throws PxvError `OUTPUT` if the file cannot be written */
  saveTraining(chain: Chain, checkpoint: Checkpoint): void {
    const { configuration, state, step, best, dataHashes, arithmetic } = checkpoint;
    const { training, data } = configuration;
    const values = Object.entries({ training, data, best, dataHashes, arithmetic });
    const metadata = {
      ...modelMetadata(trainedModelInfo(configuration, step)),
      ...Object.fromEntries(values.map(([key, value]) => [key, JSON.stringify(value)])),
    };
    writeSafetensors(join(this.path, files.training), {
      arrays: stateArrays(chain, training.optimiser, state),
      metadata,
    });
  }

  /**
   * Reads training.safetensors; the caller disposes the tensors.
   * @throws PxvError `CHECKPOINT` without a valid file; `USAGE` if no backend was chosen
   */
  load(): { checkpoint: Checkpoint; chain: Chain } {
    const path = join(this.path, files.training);
    if (!this.hasTraining) throw this.nothingToResume();
    const { arrays, metadata } = readSafetensors(path);
    const source = { operation: 'resume training', argument: path, code: 'CHECKPOINT' } as const;
    const model = readDescription(path, metadata);
    const values = Object.entries(metadata).map(([key, text]) => [key, parseJson(text)] as const);
    const { drawing, training, data, step, best, dataHashes, arithmetic } = Object.fromEntries(values);
    const configuration = parseRunConfiguration({ model, drawing, training, data }, source);
    const progress = parseConfiguration(progressSchema, { step, best, dataHashes, arithmetic }, source);
    const chain = buildChain(configuration.model);
    const { parameters } = chain;
    const tensors = (prefix = '') => toTensors(takeWeights(path, parameters, arrays, prefix), parameters);
    const { stateNames } = optimisers[configuration.training.optimiser];
    const state = { weights: tensors(), optimiser: stateNames.map((name) => tensors(`optimiser.${name}.`)) };
    return { chain, checkpoint: { configuration, state, ...progress } };
  }

  /** Returns the duration of the first `steps` steps and their validations in seconds, summed from the log. */
  secondsOf(steps: number): number {
    const entries = this.readLog().filter(({ step }) => step <= steps);
    return entries.reduce((sum, { seconds = 0, validationSeconds = 0 }) => sum + seconds + validationSeconds, 0);
  }

  /** Appends a line to log.jsonl. @throws PxvError `OUTPUT` if the log cannot be written */
  appendLog(entry: LogEntry): void {
    appendLine(join(this.path, files.log), JSON.stringify(entry));
  }

  /**
   * Removes log lines and samples after `step`, so that the log of a resumed training has no repeated steps.
   * @throws PxvError `OUTPUT` if the log cannot be written
   */
  cutLog(step: number): void {
    this.samples.cut(step);
    if (this.textOf(files.log) === null) return;
    const kept = this.readLog().filter((entry) => entry.step <= step);
    this.writeText(files.log, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }

  /** Returns the lines of the log in order; empty if there is no log. */
  readLog(): LogEntry[] {
    return this.linesOf(files.log) as LogEntry[];
  }

  /** Returns the JSON value of each line; skips a line whose writing was interrupted. */
  private linesOf(name: string): unknown[] {
    const lines = (this.textOf(name) ?? '').split('\n').filter(Boolean);
    return lines.flatMap((line) => parseJson(line) ?? []);
  }

  /** Returns the text of a file, or null if there is no such file. */
  private textOf(name: string): string | null {
    const path = join(this.path, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  }

  private writeText(name: string, text: string): void {
    writeFileAtomically(join(this.path, name), [Buffer.from(text)]);
  }

  /** Removes temporary files of a killed training. */
  private removeUnfinished(): void {
    for (const folder of [this.path, this.frames, this.samples.folder]) {
      if (!existsSync(folder)) continue;
      if (!statSync(folder).isDirectory()) throw notFolder(folder, `remove it, or ${OTHER_FOLDER}`);
      for (const name of readdirSync(folder)) {
        const meant = parseTemporaryName(name);
        const isOwn = folder !== this.path || results.some((result) => result === meant);
        if (meant !== null && isOwn) rmSync(join(folder, name), { force: true });
      }
    }
  }

  private nothingToResume(): PxvError {
    const received = existsSync(this.path) ? 'a folder without it' : 'no such folder';
    const remedy = 'check --out, or leave out --resume to start again';
    const expected = `a run folder with ${files.training}`;
    return errorFactory('CHECKPOINT', 'resume training')(this.path, expected, received, remedy);
  }

  private occupied(): PxvError {
    const others = this.hasTraining ? 'go on with it by --resume, replace it' : 'replace them';
    const received = `a folder that holds ${this.found.join(', ')}`;
    const remedy = `${others} by --overwrite, or ${OTHER_FOLDER}`;
    return notMade(this.path, 'a folder without a training in it', received, remedy);
  }
}

/**
 * Run folder of the ranks that are not the main process, for reading. The overridden methods do nothing: `enter` takes
 * no lock. Other methods that write are not to be called.
 */
export class ReadOnlyRunFolder extends RunFolder {
  override enter(): Promise<() => void> {
    return Promise.resolve(() => {});
  }

  override clear(): void {}

  override writeConfiguration(): void {}

  override saveModel(): void {}

  override saveTraining(): void {}

  override appendLog(): void {}
}

const OTHER_FOLDER = 'choose another folder with --out';
const notMade = errorFactory('OUTPUT', 'make run folder');
const notFolder = (path: string, remedy: string) => notMade(path, 'a folder', 'a file of that name', remedy);
