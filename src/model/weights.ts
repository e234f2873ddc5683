import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectBackend } from '../backend/backend-in-use.js';
import type { ParameterSpec } from '../backend/parameters.js';

/**
 * Tensors of arrays, in the order of the parameters; they live until they are disposed of.
 * @throws PxvError `USAGE` where no backend was chosen: all that is done with a model comes here first
 */
export function toTensors(arrays: readonly Float32Array[], parameters: readonly ParameterSpec[]): Tensor[] {
  expectBackend("make a model's tensors");
  return arrays.map((values, index) => tf.keep(tf.tensor(values.slice(), [...parameters[index].shape], 'float32')));
}

/** Copies the values of tensors. */
export function toArrays(tensors: readonly Tensor[]): Float32Array[] {
  return tensors.map((tensor) => Float32Array.from(tensor.dataSync()));
}
