import type { Tensor4D } from '@tensorflow/tfjs-core';
import { earlierGradients, type EarlierMethod, type EarlierPixelsShape } from './kernels/index.js';
import { differentiable, runAnywhere, runWithoutGradient } from './operation.js';

/** Whole images that something is made of: see kernels/earlier-pixels.ts. */
export interface EarlierInputs {
  /** [batch, height, width, channels], in levels. */
  image: Tensor4D;
  /** The same. */
  expected: Tensor4D;
  /** [batch, height, width, references * channels], in levels, the newest first. */
  references: Tensor4D;
  /** [batch, 1, 1, 1], 0 for images of which nothing is made: what is read of them says so; null: of all. */
  searched: Tensor4D | null;
}

/**
 * What a method makes of the pixels before each pixel, as a network reads it: see its kernel. What it finds is a choice and has no
 * gradient; what is expected may have one.
 * @returns [batch, height, width, features of the method]
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
