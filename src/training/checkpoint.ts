import { z } from 'zod';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { parseJson } from '../foundation/parse-json.js';
import { buildChain, type Chain } from '../model/chain.js';
import { modelMetadata, nameWeights, readDescription, takeWeights, toArrays, toTensors } from '../model/model.js';
import { readSafetensors, writeSafetensors } from '../model/safetensors.js';
import type { NamedArray } from '../model/safetensors-format.js';
import { optimisers, type OptimiserName } from '../optimization/optimisers.js';
import type { TrainingState } from '../optimization/update.js';
import { parseRunConfiguration, trainingFrameRate, type RunConfiguration } from './configuration.js';
import { dataHashesSchema, type DataHashes } from './data-files.js';
import type { Validation } from './validation.js';

/** State of a training before its first step or after a step, without the data: all that a resumed training needs. */
export interface Checkpoint {
  configuration: RunConfiguration;
  state: TrainingState;
  /** Number of updates done. */
  step: number;
  /** Validation with the lowest bits/dim so far; null before the first. */
  best: Validation | null;
  dataHashes: DataHashes;
  /** Arithmetic of the last steps, as named by `currentArithmetic`; null if not known, or before the first step. */
  arithmetic: string | null;
}

/** Schema of the metadata of training.safetensors, without the configuration. */
const progressSchema = z.strictObject({
  step: z.int().min(0),
  best: z.strictObject({ step: z.int().min(0), bitsPerDim: z.number() }).nullable(),
  dataHashes: dataHashesSchema,
  arithmetic: z.string().nullable(),
});

/**
 * Writes a checkpoint to a safetensors file, atomically.
 * @throws PxvError `OUTPUT` if the file cannot be written
 */
export function saveCheckpoint(path: string, chain: Chain, checkpoint: Checkpoint): void {
  const { configuration, state, step, best, dataHashes, arithmetic } = checkpoint;
  const { training, data } = configuration;
  const values = Object.entries({ training, data, best, dataHashes, arithmetic });
  const metadata = {
    ...modelMetadata(modelFacts(configuration, step)),
    ...Object.fromEntries(values.map(([key, value]) => [key, JSON.stringify(value)])),
  };
  writeSafetensors(path, { arrays: stateArrays(chain, training.optimiser, state), metadata });
}

/**
 * Reads a checkpoint from a safetensors file. The caller disposes the tensors.
 * @throws PxvError `CHECKPOINT` if the file is not valid; `USAGE` if no backend was chosen
 */
export function loadCheckpoint(path: string): { checkpoint: Checkpoint; chain: Chain } {
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

/**
 * Returns copies of the arrays of training.safetensors by name: the weights, then the optimiser's state of each weight
 * as `optimiser.STATE.WEIGHT`.
 */
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

/** Returns the metadata of the model in a run. */
export function modelFacts({ model, drawing, data }: RunConfiguration, step: number) {
  return { description: model, step, frameRate: trainingFrameRate(data), drawing, origin: null };
}
