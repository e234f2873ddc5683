import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { initialiseParameters } from '../backend/parameters.js';
import { errorFactory } from '../foundation/errors.js';
import { buildChain, type Chain } from '../model/chain.js';
import { nameWeights, toArrays, toTensors, type Model, type ModelInfo } from '../model/model.js';
import type { NamedArray } from '../model/safetensors-format.js';
import { optimisers, type OptimiserName } from '../optimization/optimisers.js';
import type { TrainingState } from '../optimization/update.js';
import { trainingFrameRate, type RunConfiguration } from './configuration.js';
import type { Validation } from './validation.js';

/**
 * Schema of the SHA-256 hashes of a training's data, in hexadecimal. A resumed training compares the stored hashes with
 * those of the present data.
 */
export const dataHashesSchema = z.strictObject({
  /** Hash of the list of files (`dataList`); null before the files were found. */
  files: z.string().nullable(),
  /** Hash of the frames decoded from the files; null if nothing is decoded, or not yet. */
  frames: z.string().nullable(),
  /** Hash of the held-out frames; for images, which are not decoded, `files`. Null before the data were opened. */
  validation: z.string().nullable(),
});

/**
 * SHA-256 hashes of a training's data, in hexadecimal: of the list of files, the decoded frames and the held-out data.
 */
export type DataHashes = z.infer<typeof dataHashesSchema>;

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

/**
 * Returns the checkpoint of a new training before its first step, and its chain of networks. If the configuration has
 * marks in `pace`, their schedule is followed, and `minutes` becomes null. The caller disposes the checkpoint's
 * `state`.
 * @param load loads the model whose name the configuration has in `from`; not called if `from` is null
 * @throws PxvError `CHECKPOINT` if the model to start from has other networks; `USAGE` if no backend was chosen; errors
 *   of `load`
 */
export function createInitialCheckpoint(
  configuration: RunConfiguration,
  load: (name: string) => Model,
): { checkpoint: Checkpoint; chain: Chain } {
  const chain = buildChain(configuration.model);
  const { parameters } = chain;
  const { seed, from, optimiser: name, pace } = configuration.training;
  // The recorded schedule of another training is followed regardless of the time.
  const recorded = pace.at(-1);
  const steps = configuration.training.steps ?? recorded?.steps ?? null;
  const training =
    recorded === undefined ? configuration.training : { ...configuration.training, steps, minutes: null };
  const first = from === null ? initialiseParameters(parameters, BigInt(seed)) : startingWeights(load(from), chain);
  const weights = toTensors(first, parameters);
  const optimiser = optimisers[name].stateNames.map(() => zerosLike(weights));
  const state = { weights, optimiser };
  const dataHashes = { files: null, frames: null, validation: null };
  const none = { step: 0, best: null, dataHashes, arithmetic: null };
  return { chain, checkpoint: { configuration: { ...configuration, training }, state, ...none } };
}

/**
 * Returns the weights of a model to start from, in the order of `chain.parameters`.
 * @throws PxvError `CHECKPOINT` if the model's arrays differ in name or shape
 */
export function startingWeights(model: Model, chain: Chain): Float32Array[] {
  const [needed, held] = [chain, model.chain].map(({ parameters }) =>
    parameters.map(({ name, shape }) => `${name} ${shape.join('x')}`),
  );
  const missing = needed.find((array) => !held.includes(array));
  const other = held.find((array) => !needed.includes(array));
  if (missing === undefined && other === undefined) return needed.map((array) => model.weights[held.indexOf(array)]);
  const expected = `a model of the same networks, with ${missing ?? 'no other arrays'}`;
  const received = other === undefined ? 'one without it' : `one with ${other}`;
  const remedy = 'leave out the model in --config, so that --from gives the networks, or give --from none';
  throw errorFactory('CHECKPOINT', 'start training')(model.name, expected, received, remedy);
}

/** Returns the state with a new optimiser state, for a new stage. Disposes the old optimiser state. */
export function withNewOptimiser({ weights, optimiser }: TrainingState): TrainingState {
  tf.dispose(optimiser);
  return { weights, optimiser: optimiser.map(() => zerosLike(weights)) };
}

function zerosLike(weights: readonly Tensor[]): Tensor[] {
  return weights.map((weight) => tf.keep(tf.zerosLike(weight)));
}

/** Returns the contents of the model file of a training besides the weights. @param step number of updates done */
export function trainedModelInfo({ model, drawing, data }: RunConfiguration, step: number): ModelInfo {
  return { description: model, step, frameRate: trainingFrameRate(data), drawing, origin: null };
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
