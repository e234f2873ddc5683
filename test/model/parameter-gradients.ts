import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../../src/backend/parameters.js';
import { checkGradient } from '../gradient-check.js';

/** Half of the distance of a difference: so small that few ReLUs and cells of a warp switch in between. */
export const SMALL_STEP = 1e-6;

export const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/**
 * Compares the gradient of each parameter with differences along a few directions.
 *
 * @param value the same function in float64, of the arrays of all parameters
 * @param isCompared which of them are
 */
export function checkParameters(
  parameters: readonly ParameterSpec[],
  weights: readonly Float32Array[],
  gradients: readonly Tensor[],
  value: (values: readonly ArrayLike<number>[]) => number,
  isCompared: (parameter: ParameterSpec) => boolean = () => true,
): void {
  parameters.forEach((parameter, index) => {
    if (!isCompared(parameter)) return;
    checkGradient({
      name: parameter.name,
      x: weights[index],
      gradient: gradients[index].dataSync(),
      exhaustive: 0,
      step: SMALL_STEP,
      value: (x) => value(weights.map((own, at) => (at === index ? x : own))),
    });
  });
}
