import type { AdamSettings, RmsPropSettings } from '../kernels.js';

/** See Kernels.adam. */
export function adam(
  { learningRate, beta1, beta2, epsilon, step }: AdamSettings,
  w: Float32Array,
  g: Float32Array,
  scale: Float32Array,
  m: Float32Array,
  v: Float32Array,
  newW: Float32Array,
  newM: Float32Array,
  newV: Float32Array,
): void {
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let i = 0; i < w.length; i++) {
    const gradient = g[i] * scale[0];
    const mean = beta1 * m[i] + (1 - beta1) * gradient;
    const square = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    newM[i] = mean;
    newV[i] = square;
    newW[i] = w[i] - (learningRate * (mean / correction1)) / (Math.sqrt(square / correction2) + epsilon);
  }
}

/** See Kernels.rmsProp. */
export function rmsProp(
  { learningRate, decay, epsilon }: RmsPropSettings,
  w: Float32Array,
  g: Float32Array,
  scale: Float32Array,
  v: Float32Array,
  newW: Float32Array,
  newV: Float32Array,
): void {
  for (let i = 0; i < w.length; i++) {
    const gradient = g[i] * scale[0];
    const square = decay * v[i] + (1 - decay) * gradient * gradient;
    newV[i] = square;
    newW[i] = w[i] - (learningRate * gradient) / (Math.sqrt(square) + epsilon);
  }
}
