import type { Kernels } from './kernels.js';
import { blockMatching } from './typescript/block-matching.js';
import { convolution, convolutionInputGradient } from './typescript/convolution.js';
import { add, addMoved, multiply, relu, reluGradient, sumRows } from './typescript/elementwise.js';
import { convolutionFilterGradient } from './typescript/filter-gradient.js';
import { logisticMixture, logisticMixtureGradient } from './typescript/logistic-mixture.js';
import { lstm, lstmGradient } from './typescript/lstm.js';
import { matMul } from './typescript/mat-mul.js';
import { sigmoidCrossEntropy, sigmoidCrossEntropyGradient } from './typescript/sigmoid.js';
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './typescript/softmax.js';
import { localRegression } from './typescript/local-regression.js';
import { adam, rmsProp } from './typescript/updates.js';
import { templateMatching } from './typescript/template-matching.js';
import { warpedMixture, warpedMixtureFramesGradient, warpedMixtureGradient } from './typescript/warped-mixture.js';

/**
 * The kernels in TypeScript, their products in WebAssembly: one thread, 10 to 20 GFLOP/s. They serve wherever the native
 * addon does not load.
 */
export const typescriptKernels: Kernels = {
  instructionSet: 'typescript',
  convolution,
  convolutionInputGradient,
  convolutionFilterGradient,
  lstm,
  lstmGradient,
  matMul,
  relu,
  reluGradient,
  add,
  addMoved,
  multiply,
  sumRows,
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
  sigmoidCrossEntropy,
  sigmoidCrossEntropyGradient,
  logisticMixture,
  logisticMixtureGradient,
  warpedMixture,
  warpedMixtureGradient,
  warpedMixtureFramesGradient,
  blockMatching,
  templateMatching,
  localRegression,
  adam,
  rmsProp,
};
