import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { PxvError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { modelMetadata, namedWeights, readDescription, saveModel, takeWeights } from '../model/checkpoint.js';
import { buildChain, type Chain } from '../model/chain.js';
import { parseConfiguration } from '../model/parse-configuration.js';
import { readSafetensors, writeSafetensors, type NamedArray } from '../model/safetensors.js';
import { toArrays, toTensors } from '../model/weights.js';
import { appendLine, replaceFile } from '../write-file.js';
import { runSchema, type RunConfiguration } from './configuration.js';
import { optimisers } from './optimisers.js';
import type { TrainingState } from './training-step.js';

/** Everything that a training is made of at one step, but the data. */
export interface Checkpoint {
  configuration: RunConfiguration;
  state: TrainingState;
  /** Updates done. */
  step: number;
  /** Lowest validation so far, in bits/dim; null before the first. */
  best: number | null;
}

/** One line of log.jsonl. */
export interface LogEntry {
  step: number;
  [name: string]: number;
}

/** What training.safetensors says of the training besides its configuration, in its metadata. */
const progressSchema = z.strictObject({ step: z.int().min(0), best: z.number().nullable() });

const files = {
  configuration: 'config.json',
  model: 'model.safetensors',
  training: 'training.safetensors',
  log: 'log.jsonl',
  frames: 'frames',
} as const;

/**
 * The folder of one training: config.json (to read), model.safetensors (the best weights so far; predicts alone),
 * training.safetensors (resumes alone), log.jsonl, and frames/, the decoded frames. Every file is replaced whole.
 */
export class RunFolder {
  constructor(readonly path: string) {}

  /** Where the decoded frames are kept. */
  get frames(): string {
    return join(this.path, files.frames);
  }

  /** Whether a training has left a state here to resume from. */
  get hasTraining(): boolean {
    return existsSync(join(this.path, files.training));
  }

  /** Makes the folder. @throws PxvError `OUTPUT` where that is not possible, or where it holds a training */
  create(): void {
    if (this.hasTraining) throw this.occupied();
    try {
      makeFolder(this.path);
    } catch (cause) {
      throw new PxvError(
        {
          code: 'OUTPUT',
          operation: 'make run folder',
          argument: this.path,
          expected: 'a place that can be written',
          received: cause instanceof Error ? cause.message : String(cause),
          remedy: 'choose another folder with --out',
        },
        { cause },
      );
    }
  }

  writeConfiguration(configuration: RunConfiguration): void {
    replaceFile(join(this.path, files.configuration), [Buffer.from(`${JSON.stringify(configuration, null, 2)}\n`)]);
  }

  /** Writes model.safetensors. */
  async saveModel(chain: Chain, { configuration, state, step }: Checkpoint): Promise<void> {
    const weights = await toArrays(state.weights);
    saveModel(join(this.path, files.model), { description: configuration.model, chain, weights, step });
  }

  /** Writes training.safetensors. */
  async saveTraining(chain: Chain, { configuration, state, step, best }: Checkpoint): Promise<void> {
    const arrays = namedWeights(chain.parameters, await toArrays(state.weights));
    const { stateNames } = optimisers[configuration.training.optimiser];
    for (const [index, name] of stateNames.entries()) {
      const named = namedWeights(chain.parameters, await toArrays(state.optimiser[index]), `optimiser.${name}.`);
      for (const [key, array] of named) arrays.set(key, array);
    }
    const { training, data, model } = configuration;
    const metadata = {
      ...modelMetadata(model, step),
      training: JSON.stringify(training),
      data: JSON.stringify(data),
      best: JSON.stringify(best),
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
    if (!this.hasTraining) {
      throw new PxvError({
        code: 'CHECKPOINT',
        operation: 'resume training',
        argument: this.path,
        expected: `a run folder with ${files.training}`,
        received: existsSync(this.path) ? 'a folder without it' : 'no such folder',
        remedy: 'check --out, or leave out --resume to start anew',
      });
    }
    const { arrays, metadata } = readSafetensors(path);
    const source = { operation: 'resume training', argument: path, code: 'CHECKPOINT' } as const;
    const model = readDescription(path, metadata.description);
    const [training, data, step, best] = ['training', 'data', 'step', 'best'].map((key) => json(metadata[key]));
    const configuration = parseConfiguration(runSchema, { model, training, data }, source);
    const progress = parseConfiguration(progressSchema, { step, best }, source);
    const chain = buildChain(configuration.model);
    const { stateNames } = optimisers[configuration.training.optimiser];
    const read = (prefix: string) => tensors(path, chain, arrays, prefix);
    const state = { weights: read(''), optimiser: stateNames.map((name) => read(`optimiser.${name}.`)) };
    return { chain, checkpoint: { configuration, state, ...progress } };
  }

  /** @throws PxvError `OUTPUT` where the log cannot be written */
  appendLog(entry: LogEntry): void {
    appendLine(join(this.path, files.log), JSON.stringify(entry));
  }

  /** Drops what was logged after a step, so that a resumed training's log reads as if it had never stopped. */
  cutLog(step: number): void {
    const path = join(this.path, files.log);
    if (!existsSync(path)) return;
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    // A line that was cut while it was written is no entry.
    const kept = lines.filter((line) => ((json(line) as LogEntry | undefined)?.step ?? Infinity) <= step);
    replaceFile(path, [Buffer.from(kept.map((line) => `${line}\n`).join(''))]);
  }

  private occupied(): PxvError {
    return new PxvError({
      code: 'OUTPUT',
      operation: 'make run folder',
      argument: this.path,
      expected: 'a folder without a training in it',
      received: `a folder that holds ${files.training}`,
      remedy: 'go on with it by --resume, or choose another folder with --out',
    });
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
