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
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { decodeSafetensors, checkpointError, type NamedArray } from './safetensors-format.js';
import { samplingSchema, type SamplingSettings } from './sampling-settings.js';

/** A chain of networks with its weights. */
export interface Model {
  /** Name of the shipped model, or the path that it was read from. */
  name: string;
  /** Everything that fixes its networks but their weights. */
  description: ModelDescription;
  /** The networks that the description describes, the coarsest scale first. */
  chain: Chain;
  /** In the order of `chain.parameters`. */
  weights: Float32Array[];
  /** Optimiser steps of the last training that made these weights; 0 before training. */
  step: number;
  /** Rate to which the clips were brought that it learned from; null where each was taken at its own, and of images. */
  frameRate: FrameRate | null;
  /** Settings that its samples are drawn with; null: those of `defaultSampling`. */
  drawing: SamplingSettings | null;
  /** What made a model that ships; null where its file does not say. */
  origin: ModelOrigin | null;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * The files that a model was made from, by their SHA-256 in hexadecimal: its training's configuration, and the list of
 * its data.
 */
const originSchema = z.strictObject({ recipe: sha256, data: sha256 });

export type ModelOrigin = z.infer<typeof originSchema>;

/** @throws PxvError `USAGE` where a program in JavaScript gives something else than a model, such as its name */
export function assertModel(model: Model, operation: string): void {
  const given: unknown = model;
  if (typeof given === 'object' && given !== null && 'chain' in given && 'weights' in given) return;
  const [received, name] =
    typeof given === 'string' ? [`the text '${given}'`, `'${given}'`] : [describeType(given), 'NAME'];
  throw errorFactory('USAGE', operation)('model', 'what loadModel gives', received, `give loadModel(${name})`);
}

/** Returns a frame at a model's size. @param data height x width x channels bytes, which are not copied */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.chain.exampleShape;
  return { ...size, channels, data };
}

/** In a word, for the reader of an error. */
export function describeType(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : `a value of type ${typeof value}`;
}

/** What a model's file says of it besides its weights. */
export type ModelInfo = Pick<Model, 'description' | 'step' | 'frameRate' | 'drawing' | 'origin'>;

/**
 * Metadata of a model file: the description, what tells one state of training from another, and what using it needs.
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
 * A model from the bytes of its file.
 * @param name how it is called, in errors too
 * @throws PxvError `CHECKPOINT` where they are broken or not of this format
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
    throw checkpointError(path, 'frames a second in the metadata, such as 10 or 30000/1001', JSON.stringify(rate));
  const drawing = readDrawing(path, description, metadata);
  const origin = readValue(path, metadata, 'origin', originSchema, 'what made the model');
  return { description, step: Number(step), frameRate, drawing, origin };
}

function readDrawing(path: string, description: ModelDescription, metadata: Metadata): SamplingSettings | null {
  const drawing = readValue(path, metadata, 'drawing', samplingSchema, 'how futures are drawn');
  if (drawing !== null && drawing.carry < 1 && !expectsFrame({ description })) {
    const expected = 'a carry of 1 in the metadata of a model that does not learn the expected frame';
    throw checkpointError(path, expected, `${drawing.carry}`);
  }
  return drawing;
}

/** Parses the description that a checkpoint carries. */
export function readDescription(path: string, metadata: Metadata): ModelDescription {
  const description = readValue(path, metadata, 'description', modelSchema, 'a model description');
  if (description === null) throw checkpointError(path, 'a model description in the metadata', 'none');
  return description;
}

/**
 * What the metadata have under a key, in JSON; null where they have nothing.
 * @param what it is, for the reader of an error
 */
function readValue<T>(path: string, metadata: Metadata, key: string, schema: z.ZodType<T>, what: string): T | null {
  const text = metadata[key];
  if (text === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw checkpointError(path, `${what} in the metadata`, 'text that is not JSON');
  }
  const argument = `${key} in ${path}`;
  return parseConfiguration(schema, value, { operation: 'read model', argument, code: 'CHECKPOINT' });
}

export function nameWeights(
  parameters: readonly ParameterSpec[],
  weights: readonly Float32Array[],
  prefix = '',
): Map<string, NamedArray> {
  return new Map(parameters.map(({ name, shape }, index) => [prefix + name, { shape, data: weights[index] }]));
}

/** The arrays of parameters, in order. @throws PxvError `CHECKPOINT` where one is missing, misshapen, or not sound */
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
    expectSound(path, prefix + name, array, mask?.() ?? null);
    return array.data;
  });
}

/** Kernels may read a masked cell or leave it out, each as it likes. */
function expectSound(path: string, name: string, { shape, data }: NamedArray, mask: Float32Array | null): void {
  let at = 0;
  // Of what is not finite the difference with itself is no number. A call for each of millions of values would take longer.
  while (at < data.length && data[at] - data[at] === 0 && (mask === null || mask[at] !== 0 || data[at] === 0)) at++;
  if (at === data.length) return;
  const place = tf.util.indexToLoc(at, shape.length, tf.util.computeStrides([...shape]));
  const finite = Number.isFinite(data[at]);
  const expected = finite ? `zero where tensor '${name}' is masked` : `finite values in tensor '${name}'`;
  const remedy = finite ? 'set masked weights to zero' : 'use another checkpoint; this one is broken';
  throw checkpointError(path, expected, `${data[at]} at [${place.join(', ')}]`, remedy);
}

/**
 * Tensors of arrays, in the order of the parameters; they live until they are disposed of.
 * @throws PxvError `USAGE` where no backend was chosen: all that is done with a model comes here first
 */
export function toTensors(arrays: readonly Float32Array[], parameters: readonly ParameterSpec[]): Tensor[] {
  assertBackend("make a model's tensors");
  return arrays.map((values, index) => tf.keep(tf.tensor(values.slice(), [...parameters[index].shape], 'float32')));
}

/** Copies the values of tensors. */
export function toArrays(tensors: readonly Tensor[]): Float32Array[] {
  return tensors.map((tensor) => Float32Array.from(tensor.dataSync()));
}
