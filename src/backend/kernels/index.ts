import type { FloatMemory } from '../buffer-pool.js';
import * as files from './all.js';
import type { ArraysOf, KernelDescription, NumbersOf } from './description.js';

export * from './all.js';

type Files = typeof files;
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
