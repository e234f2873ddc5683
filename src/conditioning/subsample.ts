import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';

/** Every so many pixels of a map, down and across, from its first. */
export function subsample(map: Tensor4D, step: number): Tensor4D {
  return step === 1 ? map : (tf.stridedSlice(map, [0, 0, 0, 0], map.shape, [1, step, step, 1]) as Tensor4D);
}
