import type { FloatMemory } from '../float-memory.js';
import * as blockMatching from './block-matching.js';
import * as convolution from './convolution.js';
import type { ArraysOf, KernelDescription, NumbersOf } from './description.js';
import * as elementWise from './element-wise.js';
import * as localRegression from './local-regression.js';
import * as logisticMixture from './logistic-mixture.js';
import * as lstm from './lstm.js';
import * as matMul from './mat-mul.js';
import * as optimisers from './optimisers.js';
import * as sigmoid from './sigmoid.js';
import * as softmax from './softmax.js';
import * as templateMatching from './template-matching.js';
import * as warpedMixture from './warped-mixture.js';

export * from './block-matching.js';
export { earlierMethods, type EarlierMethod, type EarlierPixelsShape } from './earlier-pixels.js';
export * from './local-regression.js';
export * from './logistic-mixture.js';
export * from './template-matching.js';
export * from './warped-mixture.js';

type Files = typeof blockMatching &
  typeof convolution &
  typeof elementWise &
  typeof localRegression &
  typeof logisticMixture &
  typeof lstm &
  typeof matMul &
  typeof optimisers &
  typeof sigmoid &
  typeof softmax &
  typeof templateMatching &
  typeof warpedMixture;
const files: Files = {
  ...blockMatching,
  ...convolution,
  ...elementWise,
  ...localRegression,
  ...logisticMixture,
  ...lstm,
  ...matMul,
  ...optimisers,
  ...sigmoid,
  ...softmax,
  ...templateMatching,
  ...warpedMixture,
};

type Descriptions = {
  [K in keyof Files as Files[K] extends { numbers: object; inputs: object } ? K : never]: Files[K];
};
export type KernelName = Extract<keyof Descriptions, string>;

/** Every kernel, by its name, in the order of the table of C++. */
export const descriptions = Object.fromEntries(
  Object.entries(files).filter(([, value]) => typeof value === 'object' && 'inputs' in value),
) as unknown as Record<KernelName, KernelDescription>;

export type KernelNumbers<K extends KernelName> = NumbersOf<Descriptions[K]>;
export type KernelArrays<K extends KernelName> = ArraysOf<Descriptions[K]>;

/** The names of a kernel's inputs or outputs, by kernel. */
export type InputsOf<K extends KernelName> = Descriptions[K]['inputs'];
export type OutputsOf<K extends KernelName> = Descriptions[K]['outputs'];

/** The instruction sets that a kernel can exist in: each is the same C++ at its own width. */
export type InstructionSet = 'wasm' | 'portable' | 'avx2' | 'avx512' | 'amx' | 'neon';

/**
 * What every instruction set offers: functions on dense row-major arrays, which throw USAGE where these do not fit the numbers.
 * Outputs are overwritten whole; no output may overlap an input. Every set gives the same bits whatever the number of threads.
 */
export type KernelFunctions = {
  readonly [K in KernelName]: (numbers: KernelNumbers<K>, arrays: KernelArrays<K>) => void;
};

/** The kernels of one instruction set, and where their tensors lie. */
export type Kernels = KernelFunctions & { readonly instructionSet: InstructionSet; readonly memory: FloatMemory };
