import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** The values of a tensor, which goes with all others that are made on the way. */
export async function valuesOf(make: () => Tensor): Promise<Float32Array> {
  const tensor = tf.tidy(make);
  const values = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return values;
}
