import { errorFactory, PxvError } from '../foundation/errors.js';
import type { CallArray, CallWriter } from './call.js';
import type { InstructionSet, Kernels } from './kernels/index.js';

/** An engine, made by `makeEngine`; it is freed with this object. */
export type EngineHandle = object & { readonly engine?: never };

/** The engine over the kernels of one instruction set: runs a program at one pixel after another. */
export interface EngineFunctions {
  /**
   * @param program its numbers, as native/engine/program.h reads them
   * @param parameters in the program's order; they are copied
   */
  makeEngine(program: Int32Array, parameters: readonly Float32Array[]): EngineHandle;
  /**
   * Draws a batch of images: see kernels/drawing.ts. No array may be used until the promise is settled, but `stop`.
   * @param call what has written `arrays`; its numbers are read before this returns
   * @param stop one number; anything but 0 ends the work after the row at hand
   * @param onRow called after each row with the number done
   * @returns 1, or the sum of the probabilities that made it impossible to go on
   */
  draw(
    engine: EngineHandle,
    call: CallWriter,
    arrays: readonly (CallArray | null)[],
    stop: Int32Array,
    onRow: ((rows: number) => void) | null,
  ): Promise<number>;
}

/** The kernels and the engine in C++, as one host has them, and the threads that they share. */
export interface KernelLibrary {
  /** What this machine can run, in ascending order. */
  readonly instructionSets: readonly InstructionSet[];
  /** The kernels of one set; without a name, of the highest. Throws USAGE where this machine or build lacks it. */
  kernels(instructionSet?: InstructionSet): Kernels;
  /** The kernels of a set with the factors of convolutions and LSTMs rounded to bf16; null where this machine has none. */
  bf16Kernels(instructionSet: InstructionSet): Kernels | null;
  /** The engine over the kernels of a set that `instructionSets` has. */
  engine(instructionSet: InstructionSet): EngineFunctions;
  /** Cores that this process has: as many threads there are at first. */
  readonly cores: number;
  /** How many threads work on a kernel, the calling one included. */
  threads(): number;
  /** The same for every user of the library in this process, from the next kernel on. */
  setThreads(count: number): void;
}

/** The library of a host: `sets` in ascending order, and what else the host has, whose `setThreads` need not look at its count. */
export function makeLibrary(
  sets: ReadonlyMap<InstructionSet, Kernels>,
  host: Omit<KernelLibrary, 'instructionSets' | 'kernels'>,
): KernelLibrary {
  const instructionSets = [...sets.keys()];
  return {
    ...host,
    instructionSets,
    kernels(instructionSet = instructionSets.at(-1)!) {
      const kernels = sets.get(instructionSet);
      if (kernels) return kernels;
      const expected = `one that this CPU runs (${instructionSets.join(', ')})`;
      throw errorFactory('USAGE', 'choose kernels')('instruction set', expected, instructionSet, 'choose another one');
    },
    setThreads(count) {
      if (Number.isInteger(count) && count >= 1 && count <= 1024) return host.setThreads(count);
      const remedy = 'use at most the number of cores';
      throw errorFactory('USAGE', 'set threads')('count', 'an integer from 1 to 1024', String(count), remedy);
    },
  };
}

/** How the libraries of this host are loaded, each once it is needed: from files, or from bytes in a page. */
export interface LibraryLoaders {
  /** Throws DEPENDENCY where it cannot be. */
  wasm: () => KernelLibrary;
  /** The same in native code. */
  addon: () => KernelLibrary;
}

let loaders: LibraryLoaders | null = null;

/** Says where the libraries come from; whoever chooses a backend has done so. */
export function loadLibrariesBy(given: LibraryLoaders): void {
  loaders = given;
}

/** Where the kernels of a set that this machine has are. */
export function libraryOf(instructionSet: InstructionSet): KernelLibrary {
  return instructionSet === 'wasm' ? loadersOf('load WebAssembly').wasm() : loadersOf(LOAD_ADDON).addon();
}

const LOAD_ADDON = 'load the native addon';

/** The kernels in native code, or the error DEPENDENCY that says why there are none. */
export function tryAddon(): KernelLibrary | PxvError {
  try {
    return loadersOf(LOAD_ADDON).addon();
  } catch (error) {
    if (error instanceof PxvError && error.code === 'DEPENDENCY') return error;
    throw error;
  }
}

function loadersOf(operation: string): LibraryLoaders {
  if (loaders === null) throw backendError(operation);
  return loaders;
}

/** What is said where no backend was chosen. */
export function backendError(operation: string): PxvError {
  const expected = 'one that was chosen before any tensor is made';
  return errorFactory('USAGE', operation)('backend', expected, 'none', 'call `await chooseBackend()` first');
}
