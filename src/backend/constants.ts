import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

const made = new WeakMap<object, WeakMap<object, Tensor[]>>();

/**
 * Tensors that follow from a shape alone, for operations composed of those of tfjs: made once for each backend and kept, so
 * that nothing is built and moved to the backend's memory again at every step.
 *
 * @param shape the same object each time, and of one operation: what was made for it first is what it has
 */
export function constantsOf<Constants extends Tensor[]>(shape: object, make: () => Constants): Constants {
  const backend: object = tf.backend();
  let ofBackend = made.get(backend);
  if (ofBackend === undefined) made.set(backend, (ofBackend = new WeakMap()));
  let constants = ofBackend.get(shape);
  if (constants === undefined) {
    constants = tf.tidy(make).map((tensor) => tf.keep(tensor));
    ofBackend.set(shape, constants);
  }
  return constants as Constants;
}
