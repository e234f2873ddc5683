import { tf } from '../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { runDifferentiable } from './operation.js';

/**
 * Computes one step of a convolutional GRU from its gate inputs: see kernels/gru.ts. Differentiable in all but
 * `exists`. The caller disposes the result.
 * @param input [batch, height, width, 3 * features]: update gate, reset gate, candidate
 * @param recurrent as `input`, computed from the state
 * @param state [batch, height, width, features]
 * @param exists [batch, height, width, 1]: 1, or 0 where the state is reset to zero
 * @returns next state, shaped as `state`
 * @throws PxvError `USAGE` if a shape does not fit
 */
export function gruStep(input: Tensor4D, recurrent: Tensor4D, state: Tensor4D, exists: Tensor4D): Tensor4D {
  const [batch, height, width, features] = state.shape;
  const inputs = { input, recurrent, state, exists };
  return runDifferentiable('gruStep', { batch, height, width, features }, inputs, () => {
    const [inputZ, inputR, inputN] = tf.split<Tensor4D>(input, 3, 3);
    const [recurrentZ, recurrentR, recurrentN] = tf.split<Tensor4D>(recurrent, 3, 3);
    const gate = (a: Tensor4D, b: Tensor4D) => tf.clipByValue(tf.add(tf.mul(tf.add(a, b), 1 / 4), 1 / 2), 0, 1);
    const z = gate(inputZ, recurrentZ);
    const candidate = tf.clipByValue(tf.add(inputN, tf.mul(gate(inputR, recurrentR), recurrentN)), -1, 1);
    return tf.mul<Tensor4D>(exists, tf.add(candidate, tf.mul(z, tf.sub(state, candidate))));
  });
}
