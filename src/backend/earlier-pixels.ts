import type { Tensor4D } from '@tensorflow/tfjs-core';
import { earlierGradients, type EarlierMethod, type EarlierPixelsShape } from './kernels/index.js';
import { differentiable, runAnywhere, runWithoutGradient } from './operation.js';

/** Inputs of an earlier-pixels method for whole images: see kernels/earlier-pixels.ts. */
export interface EarlierInputs {
  /** Images, [batch, height, width, channels], in levels. */
  image: Tensor4D;
  /** Expected frames, shaped as `image`, in levels. */
  expected: Tensor4D;
  /** Reference frames, [batch, height, width, references * channels], in levels, the newest first. */
  references: Tensor4D;
  /** Mask, [batch, 1, 1, 1]: images with 0 get the features of no match; null: all images are searched. */
  searched: Tensor4D | null;
}

/**
 * Computes the features of each pixel by an earlier-pixels method: see the kernel of the method. Differentiable in the
 * expected frame if the method has a gradient kernel. Otherwise, and in all other inputs, the gradient is zero, as a
 * match is a discrete choice. The caller disposes the result.
 * @returns [batch, height, width, features of the method]
 * @throws PxvError `USAGE` if an input does not fit `shape`
 */
export function readEarlierPixels(method: EarlierMethod, shape: EarlierPixelsShape, inputs: EarlierInputs): Tensor4D {
  const numbers = { ...shape, batch: inputs.image.shape[0] };
  const gradient = earlierGradients[method];
  if (gradient === undefined) return runWithoutGradient(method, numbers, inputs);
  const forward = () => runAnywhere<EarlierMethod, Tensor4D>(method, numbers, inputs);
  return differentiable([inputs.expected], forward, 'value', (dOut, [read]) =>
    runAnywhere(gradient, numbers, { read, dOut }),
  );
}
