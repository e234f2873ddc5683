import type { FloatMemory } from '../buffer-pool.js';
import * as files from './all.js';
import type { ArraysOf, KernelDescription, NumbersOf } from './description.js';

export * from './all.js';

type Files = typeof files;
type Descriptions = {
  [K in keyof Files as Files[K] extends { numbers: object; inputs: object } ? K : never]: Files[K];
};
/** Name of a kernel. */
export type KernelName = Extract<keyof Descriptions, string>;

/** Descriptions of all kernels by name, in the order of the C++ table. */
export const descriptions = Object.fromEntries(
  Object.entries(files).filter(([, value]) => typeof value === 'object' && 'inputs' in value),
) as unknown as Record<KernelName, KernelDescription>;

/** Type of the scalar arguments of the kernel `K`, by name. */
export type KernelNumbers<K extends KernelName> = NumbersOf<Descriptions[K]>;
/** Type of the arrays of the kernel `K`, inputs and outputs by name. */
export type KernelArrays<K extends KernelName> = ArraysOf<Descriptions[K]>;

/** Type of the input fields of the kernel `K`, by name. */
export type InputsOf<K extends KernelName> = Descriptions[K]['inputs'];
/** Type of the output fields of the kernel `K`, by name. */
export type OutputsOf<K extends KernelName> = Descriptions[K]['outputs'];

/** Instruction set that kernels are compiled for: the same C++ at the vector width of the set. */
export type InstructionSet = 'wasm' | 'portable' | 'avx2' | 'avx512' | 'amx' | 'neon';

/**
 * Functions of all kernels in one instruction set, on dense row-major arrays. A function throws `USAGE` if a number is
 * out of range, or an array does not fit the numbers. Outputs are overwritten whole; no output may overlap an input.
 * Results have the same bits for any number of threads.
 */
export type KernelFunctions = {
  readonly [K in KernelName]: (numbers: KernelNumbers<K>, arrays: KernelArrays<K>) => void;
};

/** Kernels of one instruction set, with the memory that their tensors use. */
export type Kernels = KernelFunctions & { readonly instructionSet: InstructionSet; readonly memory: FloatMemory };
