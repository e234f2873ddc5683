import * as tf from '@tensorflow/tfjs-core';
import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { PxvError } from '../errors.js';

/** Operations of ours that a tfjs backend may have a kernel for; on the others their composed forms run. */
export type Operation =
  | 'pxv.convolution'
  | 'pxv.convolutionInputGradient'
  | 'pxv.convolutionFilterGradient'
  | 'pxv.lstm'
  | 'pxv.lstmGradient'
  | 'pxv.addMoved'
  | 'pxv.reluGradient'
  | 'pxv.softmaxCrossEntropy'
  | 'pxv.softmaxCrossEntropyGradient'
  | 'pxv.sigmoidCrossEntropy'
  | 'pxv.sigmoidCrossEntropyGradient'
  | 'pxv.logisticMixture'
  | 'pxv.logisticMixtureGradient'
  | 'pxv.warpedMixture'
  | 'pxv.warpedMixtureGradient'
  | 'pxv.warpedMixtureFramesGradient'
  | 'pxv.blockMatching'
  | 'pxv.templateMatching'
  | 'pxv.localRegression'
  | 'pxv.adam'
  | 'pxv.rmsProp'
  | 'pxv.globalNorm';

/** Whether the backend in use has a kernel of its own for the operation. */
export function hasKernel(operation: Operation): boolean {
  const kernel: tf.KernelConfig | undefined = tf.getKernel(operation, tf.getBackend());
  return kernel !== undefined;
}

/** Runs the backend's own kernel. */
export function runKernel<T extends Tensor | Tensor[]>(
  operation: Operation,
  inputs: NamedTensorMap,
  attributes: object,
): T {
  return tf.engine().runKernel<T>(operation, inputs, attributes as NamedAttrMap);
}

/** Throws unless the tensor has the expected shape. */
export function expectShape(operation: string, argument: string, tensor: Tensor, expected: readonly number[]): void {
  if (tf.util.arraysEqual(tensor.shape, [...expected])) return;
  throw new PxvError({
    code: 'USAGE',
    operation,
    argument,
    expected: `shape [${expected.join(', ')}]`,
    received: `[${tensor.shape.join(', ')}]`,
    remedy: 'pass tensors that fit each other',
  });
}
