import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { assertBackend } from '../backend/current-backend.js';
import type { ParameterSpec } from '../backend/parameters.js';
import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { formatFrameRate, parseFrameRate, type FrameRate } from '../foundation/frame-rate.js';
import { buildChain, type Chain } from './chain.js';
import { expectsFrame, modelSchema, type ModelDescription } from './description.js';
import { getHead } from './heads/index.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { pluralize } from '../foundation/pluralize.js';
import { parseJson } from '../foundation/parse-json.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  checkpointError,
  type FloatType,
  type NamedArray,
} from './safetensors-format.js';
import { samplingSchema, type SamplingSettings } from './sampling-settings.js';

/** Model: a chain of networks with its weights. */
export interface Model {
  /** Name of the shipped model, or path that the model was read from. */
  name: string;
  /** Description of the networks. */
  description: ModelDescription;
  /** Networks built from `description`, the coarsest scale first. */
  chain: Chain;
  /** Weights in the order of `chain.parameters`. */
  weights: Float32Array[];
  /** Number of optimiser steps of the last training; 0 before training. */
  step: number;
  /** Frame rate of the training clips; null if each clip kept its own rate, or for a model of images. */
  frameRate: FrameRate | null;
  /** Sampling settings; null: those of `defaultSampling`. */
  drawing: SamplingSettings | null;
  /** Origin of a shipped model; null if the model's file has none. */
  origin: ModelOrigin | null;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Schema of a model's origin: SHA-256, in hexadecimal, of the training's configuration and of the list of its data. */
const originSchema = z.strictObject({ recipe: sha256, data: sha256 });

/** Origin of a model: SHA-256 of the training's configuration and of the list of its data. */
export type ModelOrigin = z.infer<typeof originSchema>;

/**
 * Checks that `model` is an object with `chain` and `weights`, as a `Model` is. A JavaScript program may pass a model's
 * name instead.
 * @param operation name of the operation in the error
 * @throws PxvError `USAGE` if not
 */
export function assertModel(model: Model, operation: string): void {
  const given: unknown = model;
  if (typeof given === 'object' && given !== null && 'chain' in given && 'weights' in given) return;
  const [received, name] =
    typeof given === 'string' ? [`the text '${given}'`, `'${given}'`] : [describeType(given), 'NAME'];
  throw errorFactory('USAGE', operation)('model', 'a model from loadModel', received, `give loadModel(${name})`);
}

/**
 * Throws if a model reads no context frames: a model of images would predict every frame without its history.
 * @param operation name of the operation in the error
 * @throws PxvError `USAGE`
 */
export function assertVideoModel(model: Model, operation: string): void {
  assertModel(model, operation);
  if (model.chain.exampleShape.context > 0) return;
  const received = 'a model of images, without context frames';
  throw errorFactory('USAGE', operation)(model.name, 'a model of video', received, 'give another --model');
}

/**
 * Throws if a model reads context frames, so that it is no model of images.
 * @param operation, remedy texts of the error
 * @throws PxvError `USAGE`
 */
export function assertImageModel(model: Model, operation: string, remedy = 'give another --model'): void {
  assertModel(model, operation);
  const { context } = model.chain.exampleShape;
  if (context === 0) return;
  const received = `one with ${pluralize(context, 'context frame')}`;
  throw errorFactory('USAGE', operation)(model.name, 'a model of images', received, remedy);
}

/** Returns the type of the first head of a model whose outputs are no probabilities; undefined if there is none. */
export function headWithoutLikelihood({ scales }: ModelDescription): string | undefined {
  return scales.find(({ head }) => !getHead(head).isLikelihood)?.head.type;
}

/**
 * Throws if a model's outputs are no probabilities of levels, so that its cost of a frame is no number of bits.
 * @param operation name of the operation in the error
 * @throws PxvError `USAGE`
 */
export function assertLikelihood(model: Model, operation: string): void {
  assertModel(model, operation);
  const head = headWithoutLikelihood(model.description);
  if (head === undefined) return;
  const received = `one with the head ${head}, a mean of grey levels`;
  throw errorFactory('USAGE', operation)(model.name, 'a model of probabilities', received, 'give another --model');
}

/** Returns a warning if the bits/dim of a model are a cross-entropy with mean levels, no likelihood; else null. */
export function crossEntropyWarning(description: ModelDescription): string | null {
  const head = headWithoutLikelihood(description);
  if (head === undefined) return null;
  return `bits/dim are a cross-entropy with the mean levels of the head ${head}: no likelihood, and no code reaches it`;
}

/** Returns a frame of a model's size. @param data height x width x channels bytes, which are not copied */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.chain.exampleShape;
  return { ...size, channels, data };
}

/**
 * Returns the type of a value in words, for an error message: 'nothing' for undefined and null, else `a value of type`
 * and its `typeof`.
 */
export function describeType(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : `a value of type ${typeof value}`;
}

/** Contents of a model file besides the weights. */
export type ModelInfo = Pick<Model, 'description' | 'step' | 'frameRate' | 'drawing' | 'origin'>;

/**
 * Returns the metadata of a model file, as text by key: the format, and description, step, frame rate, sampling
 * settings and origin of the model. Keys whose value is null are absent.
 */
export function modelMetadata(model: ModelInfo): Record<string, string> {
  const { description, step, frameRate, drawing, origin } = model;
  return {
    format: 'pxv',
    description: JSON.stringify(description),
    step: String(step),
    ...(frameRate !== null && { frameRate: formatFrameRate(frameRate) }),
    ...(drawing !== null && { drawing: JSON.stringify(drawing) }),
    ...(origin !== null && { origin: JSON.stringify(origin) }),
  };
}

/**
 * Encodes a model file as consecutive parts, which `parseModel` parses if they are joined.
 * @param type type of the weights in the file; default: float32
 */
export function encodeModel(model: Omit<Model, 'name'>, type: FloatType = 'F32'): ArrayBufferView[] {
  const arrays = nameWeights(model.chain.parameters, model.weights);
  return encodeSafetensors({ arrays, metadata: modelMetadata(model) }, type);
}

/**
 * Parses the bytes of a model file.
 * @param name name of the model, also in errors
 * @throws PxvError `CHECKPOINT` if `bytes` are broken or not of this format
 */
export function parseModel(bytes: Uint8Array, name: string): Model {
  const { arrays, metadata } = decodeSafetensors(bytes, name);
  const facts = readFacts(name, metadata);
  const chain = buildChain(facts.description);
  return { name, ...facts, chain, weights: takeWeights(name, chain.parameters, arrays) };
}

type Metadata = Readonly<Record<string, string | undefined>>;

function readFacts(path: string, metadata: Metadata): ModelInfo {
  const description = readDescription(path, metadata);
  const { step = '0', frameRate: rate } = metadata;
  if (!/^\d{1,15}$/.test(step))
    throw checkpointError(path, 'a whole number of steps in the metadata', JSON.stringify(step));
  const frameRate = rate === undefined ? null : parseFrameRate(rate);
  if (rate !== undefined && frameRate === null)
    throw checkpointError(path, 'frames per second in the metadata, such as 10 or 30000/1001', JSON.stringify(rate));
  const drawing = readDrawing(path, description, metadata);
  const origin = readValue(path, metadata, 'origin', originSchema, 'the origin of the model');
  return { description, step: Number(step), frameRate, drawing, origin };
}

function readDrawing(path: string, description: ModelDescription, metadata: Metadata): SamplingSettings | null {
  const drawing = readValue(path, metadata, 'drawing', samplingSchema, 'sampling settings');
  if (drawing !== null && drawing.carry < 1 && !expectsFrame({ description })) {
    const expected = 'a carry of 1 in the metadata of a model that does not learn the expected frame';
    throw checkpointError(path, expected, `${drawing.carry}`);
  }
  return drawing;
}

/**
 * Parses the model description in the metadata of a checkpoint.
 * @param path name of the checkpoint in errors
 * @throws PxvError `CHECKPOINT` if the description is missing or invalid
 */
export function readDescription(path: string, metadata: Metadata): ModelDescription {
  const description = readValue(path, metadata, 'description', modelSchema, 'a model description');
  if (description === null) throw checkpointError(path, 'a model description in the metadata', 'none');
  return description;
}

/**
 * Parses the JSON value under a key of the metadata; returns null if the key is absent.
 * @param what name of the value in errors
 */
function readValue<T>(path: string, metadata: Metadata, key: string, schema: z.ZodType<T>, what: string): T | null {
  const text = metadata[key];
  if (text === undefined) return null;
  const value = parseJson(text);
  if (value === undefined) throw checkpointError(path, `${what} in the metadata`, 'text that is not JSON');
  const argument = `${key} in ${path}`;
  return parseConfiguration(schema, value, { operation: 'read model', argument, code: 'CHECKPOINT' });
}

/**
 * Returns weights as named arrays of a checkpoint, with the name `prefix` + parameter's name.
 * @param weights arrays in the order of `parameters`
 */
export function nameWeights(
  parameters: readonly ParameterSpec[],
  weights: readonly Float32Array[],
  prefix = '',
): Map<string, NamedArray> {
  return new Map(parameters.map(({ name, shape }, index) => [prefix + name, { shape, data: weights[index] }]));
}

/**
 * Returns the weights in the arrays of a checkpoint, in the order of `parameters`.
 * @param path name of the checkpoint in errors
 * @param arrays arrays by name, each name beginning with `prefix`
 * @throws PxvError `CHECKPOINT` if an array is missing, has another shape, is not finite, or is not zero in a masked
 *   cell
 */
export function takeWeights(
  path: string,
  parameters: readonly ParameterSpec[],
  arrays: ReadonlyMap<string, NamedArray>,
  prefix = '',
): Float32Array[] {
  return parameters.map(({ name, shape, mask }) => {
    const array = arrays.get(prefix + name);
    const expected = `tensor '${prefix + name}' of shape [${shape.join(', ')}]`;
    if (array === undefined) throw checkpointError(path, expected, 'no such tensor');
    if (array.shape.join() !== shape.join()) throw checkpointError(path, expected, `shape [${array.shape.join(', ')}]`);
    assertSound(path, prefix + name, array, mask?.() ?? null);
    return array.data;
  });
}

/** Throws unless all values are finite, and zero in masked cells: kernels may read or skip masked weights. */
function assertSound(path: string, name: string, { shape, data }: NamedArray, mask: Float32Array | null): void {
  let at = 0;
  // x - x is NaN unless x is finite. A function call for each of millions of values would be slower.
  while (at < data.length && data[at] - data[at] === 0 && (mask === null || mask[at] !== 0 || data[at] === 0)) at++;
  if (at === data.length) return;
  const place = tf.util.indexToLoc(at, shape.length, tf.util.computeStrides([...shape]));
  const finite = Number.isFinite(data[at]);
  const expected = finite ? `zero where tensor '${name}' is masked` : `finite values in tensor '${name}'`;
  const remedy = finite ? 'set masked weights to zero' : 'use another checkpoint; this one is damaged';
  throw checkpointError(path, expected, `${data[at]} at [${place.join(', ')}]`, remedy);
}

/**
 * Returns tensors of arrays, in the order of `parameters`. No `tf.tidy` disposes the tensors: the caller does.
 * @throws PxvError `USAGE` if no backend was chosen: every use of a model starts here
 */
export function toTensors(arrays: readonly Float32Array[], parameters: readonly ParameterSpec[]): Tensor[] {
  assertBackend("make a model's tensors");
  return arrays.map((values, index) => tf.keep(tf.tensor(values.slice(), [...parameters[index].shape], 'float32')));
}

/** Returns copies of the values of tensors. */
export function toArrays(tensors: readonly Tensor[]): Float32Array[] {
  return tensors.map((tensor) => Float32Array.from(tensor.dataSync()));
}
