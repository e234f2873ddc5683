import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { makeFolder } from '../foundation/make-folder.js';
import { saveModel } from '../model/checkpoint.js';
import { modelMetadata, nameWeights, readDescription, takeWeights, toArrays, toTensors } from '../model/model.js';
import { buildChain, type Chain } from '../model/chain.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { readSafetensors, writeSafetensors } from '../model/safetensors.js';
import type { NamedArray } from '../model/safetensors-format.js';
import {
  appendLine,
  removeEmptyFolders,
  writeFileAtomically,
  parseTemporaryName,
  writeFailure,
} from '../foundation/write-file.js';
import { trainingFrameRate, runSchema, type RunConfiguration } from './configuration.js';
import { isEventFile } from './event-file.js';
import { machineLineSchema, type Machine } from './machine.js';
import { SampleSheets } from './sample-sheets.js';
import { dataHashesSchema, listChanges, hashText, type DataHashes } from './data-files.js';
import { optimisers, type OptimiserName } from '../optimization/optimisers.js';
import { lockFolder } from '../foundation/folder-lock.js';
import type { TrainingState } from '../optimization/update.js';
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
  /** What computed the last steps, as `currentArithmetic` names it; null where that is not known, or nothing has. */
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

/** What a training leaves at the top, but for the decoded frames; the state last. */
const results = [files.configuration, files.model, files.log, files.data, files.machine, files.training];

/** The lowest validation that the log of a run folder holds; null where there is no such log, or none in it. */
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
 * The folder of one training, every file of it replaced whole: config.json (to read), model.safetensors (the best
 * weights; predicts alone), training.safetensors (resumes alone), log.jsonl, data.jsonl, machine.jsonl, frames/ (decoded), and samples/ (what was drawn as it went).
 */
export class RunFolder {
  constructor(readonly path: string) {}

  /**
   * Takes the folder for this process alone, and makes it where a new training finds none.
   * @param resume go on with the training that is there
   * @param overwrite a new training may replace one that is there
   * @returns what gives it back, and leaves no empty folder behind where it was made
   * @throws PxvError `OUTPUT` where it cannot be made, or another training is in it or would be replaced; `CHECKPOINT`
   *   where there is nothing to resume
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

  /** Where the decoded frames are kept. */
  get frames(): string {
    return join(this.path, files.frames);
  }

  /** What was drawn after validations. */
  get samples(): SampleSheets {
    return new SampleSheets(join(this.path, files.samples));
  }

  /** What a training writes here at the top, in place of what is there. */
  get outputPaths(): string[] {
    return results.map((name) => join(this.path, name));
  }

  /** Whether a training has left anything here, but for decoded frames. */
  get hasResults(): boolean {
    return this.found.length > 0;
  }

  private get found(): string[] {
    const sheets = this.samples.steps.length > 0 ? [files.samples] : [];
    return [...results.filter((name) => existsSync(join(this.path, name))), ...sheets];
  }

  /** Whether a training has left a state here to resume from. */
  get hasTraining(): boolean {
    return existsSync(join(this.path, files.training));
  }

  /** Makes the folder and those around it; returns those it made, the innermost first. @throws PxvError `OUTPUT` */
  create(): string[] {
    if (existsSync(this.path) && !statSync(this.path).isDirectory()) throw notFolder(this.path, OTHER_FOLDER);
    try {
      return makeFolder(this.path);
    } catch (cause) {
      throw writeFailure(this.path, cause, { operation: 'make run folder', remedy: OTHER_FOLDER });
    }
  }

  /** Removes what a training has left but the decoded frames; the state first, as none is to be without its model. */
  clear(): void {
    const events = existsSync(this.path) ? readdirSync(this.path).filter(isEventFile) : [];
    for (const name of [...results.toReversed(), ...events]) rmSync(join(this.path, name), { force: true });
    this.samples.clear();
  }

  /** Writes data.jsonl. */
  writeDataList(list: string): void {
    this.writeText(files.data, list);
  }

  /** What has computed the training, the first machine first: each from a step on. Empty where it is not known. */
  readMachines(): (Machine & { step: number })[] {
    return this.linesOf(files.machine).flatMap((line) => machineLineSchema.safeParse(line).data ?? []);
  }

  /** Adds what computes from a step on, where that is not what did until then. @throws PxvError `OUTPUT` where it cannot be written */
  addMachine(step: number, machine: Machine): void {
    const known = this.readMachines();
    const last = known.at(-1);
    if (last !== undefined && isDeepStrictEqual({ ...machine, step: last.step }, last)) return;
    const lines = [...known, { step, ...machine }].map((one) => `${JSON.stringify(one)}\n`);
    this.writeText(files.machine, lines.join(''));
  }

  /** How the files of a list differ from those of the list with this hash, which the training began with. */
  dataChanges(list: string, hash: string): string {
    const before = this.textOf(files.data);
    return listChanges(before !== null && hashText(before) === hash ? before : null, list);
  }

  /** What config.json says; null where it is not there, or not of this version. */
  readConfiguration(): RunConfiguration | null {
    return runSchema.safeParse(json(this.textOf(files.configuration) ?? '')).data ?? null;
  }

  /** Whether config.json is there and says something else than the state, its length aside, which is written more often. */
  configurationWasChanged(configuration: RunConfiguration): boolean {
    const text = this.textOf(files.configuration);
    if (text === null) return false;
    const read = runSchema.safeParse(json(text));
    const withoutLength = ({ training, ...others }: RunConfiguration) => ({
      ...others,
      training: { ...training, steps: null, minutes: null, pace: [] },
    });
    return !read.success || !isDeepStrictEqual(withoutLength(read.data), withoutLength(configuration));
  }

  writeConfiguration(configuration: RunConfiguration): void {
    this.writeText(files.configuration, `${JSON.stringify(configuration, null, 2)}\n`);
  }

  /** Writes model.safetensors. */
  saveModel(chain: Chain, { configuration, state, step }: Checkpoint): void {
    const weights = toArrays(state.weights);
    saveModel(join(this.path, files.model), { ...facts(configuration, step), chain, weights });
  }

  /**
   * Writes the model that belongs to a state, where a process was killed between the two. The state is saved first,
   * since it may never come to a model that is newer: by minutes, a training goes on in other steps.
   */
  finishSave(chain: Chain, checkpoint: Checkpoint): void {
    if ((checkpoint.best ?? checkpoint).step === checkpoint.step) this.saveModel(chain, checkpoint);
  }

  /** Writes training.safetensors. */
  saveTraining(chain: Chain, checkpoint: Checkpoint): void {
    const { configuration, state, step, best, dataHashes, arithmetic } = checkpoint;
    const { training, data } = configuration;
    const values = Object.entries({ training, data, best, dataHashes, arithmetic });
    const metadata = {
      ...modelMetadata(facts(configuration, step)),
      ...Object.fromEntries(values.map(([key, value]) => [key, JSON.stringify(value)])),
    };
    writeSafetensors(join(this.path, files.training), {
      arrays: stateArrays(chain, training.optimiser, state),
      metadata,
    });
  }

  /** Reads training.safetensors; the tensors are the caller's. @throws PxvError `CHECKPOINT` without a sound one */
  load(): { checkpoint: Checkpoint; chain: Chain } {
    const path = join(this.path, files.training);
    if (!this.hasTraining) throw this.nothingToResume();
    const { arrays, metadata } = readSafetensors(path);
    const source = { operation: 'resume training', argument: path, code: 'CHECKPOINT' } as const;
    const model = readDescription(path, metadata);
    const values = Object.entries(metadata).map(([key, text]) => [key, json(text)] as const);
    const { drawing, training, data, step, best, dataHashes, arithmetic } = Object.fromEntries(values);
    const configuration = parseConfiguration(runSchema, { model, drawing, training, data }, source);
    const progress = parseConfiguration(progressSchema, { step, best, dataHashes, arithmetic }, source);
    const chain = buildChain(configuration.model);
    const { parameters } = chain;
    const tensors = (prefix = '') => toTensors(takeWeights(path, parameters, arrays, prefix), parameters);
    const { stateNames } = optimisers[configuration.training.optimiser];
    const state = { weights: tensors(), optimiser: stateNames.map((name) => tensors(`optimiser.${name}.`)) };
    return { chain, checkpoint: { configuration, state, ...progress } };
  }

  /** Seconds that the first steps took, as the log has them. */
  secondsOf(steps: number): number {
    return this.readLog().reduce((sum, { step, seconds = 0 }) => (step <= steps ? sum + seconds : sum), 0);
  }

  /** @throws PxvError `OUTPUT` where the log cannot be written */
  appendLog(entry: LogEntry): void {
    appendLine(join(this.path, files.log), JSON.stringify(entry));
  }

  /** Drops what was logged and drawn after a step, so that a resumed training's log reads as if it had never stopped. */
  cutLog(step: number): void {
    this.samples.cut(step);
    if (this.textOf(files.log) === null) return;
    const kept = this.readLog().filter((entry) => entry.step <= step);
    this.writeText(files.log, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }

  /** What the log has, step after step; nothing, where there is none. */
  readLog(): LogEntry[] {
    return this.linesOf(files.log) as LogEntry[];
  }

  /** What stands on each line; a line that was cut while it was written is left out. */
  private linesOf(name: string): unknown[] {
    const lines = (this.textOf(name) ?? '').split('\n').filter(Boolean);
    return lines.flatMap((line) => json(line) ?? []);
  }

  /** Null where there is no such file. */
  private textOf(name: string): string | null {
    const path = join(this.path, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  }

  private writeText(name: string, text: string): void {
    writeFileAtomically(join(this.path, name), [Buffer.from(text)]);
  }

  /** Removes what a training that was killed was writing. */
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

/** A run folder as the ranks see it that do not write: they read what is there, and another rank writes it. */
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

/** Copies the arrays of training.safetensors, by name: the weights, and the optimiser's state for each. */
export function stateArrays(
  { parameters }: Chain,
  optimiser: OptimiserName,
  { weights, optimiser: ofOptimiser }: TrainingState,
): Map<string, NamedArray> {
  const named = optimisers[optimiser].stateNames.map((name, index) =>
    nameWeights(parameters, toArrays(ofOptimiser[index]), `optimiser.${name}.`),
  );
  return new Map([nameWeights(parameters, toArrays(weights)), ...named].flatMap((arrays) => [...arrays]));
}

const OTHER_FOLDER = 'choose another folder with --out';
const notMade = errorFactory('OUTPUT', 'make run folder');
const notFolder = (path: string, remedy: string) => notMade(path, 'a folder', 'a file of that name', remedy);

/** What a model says of itself besides its weights. */
function facts({ model, drawing, data }: RunConfiguration, step: number) {
  return { description: model, step, frameRate: trainingFrameRate(data), drawing, origin: null };
}

/** The value of a JSON text; undefined where it is none. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
