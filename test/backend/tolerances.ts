import type { Kernels } from '../../src/backend/kernels.js';

/**
 * The one table of tolerances, for every instruction set and every backend against float64 arithmetic: an error may be
 * at most so large, relative to the expected value or to 1, whichever is larger. Inputs of the cases are in -1 .. 1.
 */
export const TOLERANCES: Record<Exclude<keyof Kernels, 'instructionSet'>, number> = {
  convolution: 2e-5,
  convolutionInputGradient: 2e-5,
  convolutionFilterGradient: 5e-6,
  lstm: 2e-6,
  lstmGradient: 1e-5,
  matMul: 1e-5,
  relu: 0,
  reluGradient: 0,
  add: 1e-7,
  addMoved: 1e-7,
  multiply: 1e-7,
  sumRows: 5e-6,
  softmaxCrossEntropy: 3e-7,
  softmaxCrossEntropyGradient: 3e-7,
  sigmoidCrossEntropy: 3e-7,
  sigmoidCrossEntropyGradient: 3e-7,
  // A mean of some 100 levels has a rounding error of 4e-6 levels in float32, which later colours add to their own.
  logisticMixture: 1e-5,
  logisticMixtureGradient: 2e-5,
  // A coordinate of some 20 pixels has a rounding error of 1e-6 pixels in float32.
  warpedMixture: 1e-6,
  warpedMixtureGradient: 3e-6,
  warpedMixtureFramesGradient: 1e-6,
  // The motion itself is exact; a fraction of a pixel is rounded to float32.
  blockMatching: 2e-7,
  // In float64, rounded once; a spread is the root of a difference of sums.
  templateMatching: 2e-7,
  // In float64, rounded once; equations are solved in another way there.
  localRegression: 1e-6,
  adam: 4e-7,
  rmsProp: 4e-7,
};
