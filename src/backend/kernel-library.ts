import { errorFactory, PxvError } from '../foundation/errors.js';
import type { CallArray, CallWriter } from './call.js';
import type { InstructionSet, Kernels } from './kernels/index.js';

/** Handle of an engine from `makeEngine`; the engine is freed when the handle is garbage-collected. */
export type EngineHandle = object & { readonly engine?: never };

/**
 * Functions of the engine, which runs a network's program at one pixel after another on the kernels of one instruction
 * set.
 */
export interface EngineFunctions {
  /**
   * Makes an engine for a program.
   * @param program encoded as native/engine/program.h reads it
   * @param parameters weights in the program's order, which are copied
   */
  makeEngine(program: Int32Array, parameters: readonly Float32Array[]): EngineHandle;
  /**
   * Draws or decodes a batch of images: see kernels/drawing.ts. No array but `stop` may be used until the promise
   * settles.
   * @param call writer whose `write` returned `arrays`; its numbers are read before `draw` returns
   * @param stop one number; any value but 0 stops the work after the current row
   * @param onRow called after each row with the number of rows done
   * @returns 1, or the sum of the probabilities that are not finite or not above zero, at which the work ended
   */
  draw(
    engine: EngineHandle,
    call: CallWriter,
    arrays: readonly (CallArray | null)[],
    stop: Int32Array,
    onRow: ((rows: number) => void) | null,
  ): Promise<number>;
}

/** Library of kernels and engine in C++ for one host, and its pool of threads. */
export interface KernelLibrary {
  /** Instruction sets that this machine can run, in ascending order. */
  readonly instructionSets: readonly InstructionSet[];
  /**
   * Returns the kernels of an instruction set. Default: the highest.
   * @throws PxvError `USAGE` if this machine or build lacks the set
   */
  kernels(instructionSet?: InstructionSet): Kernels;
  /** Returns kernels that round the factors of convolutions and LSTMs to bf16; null if this machine has none. */
  bf16Kernels(instructionSet: InstructionSet): Kernels | null;
  /** Returns the engine on the kernels of one of `instructionSets`. */
  engine(instructionSet: InstructionSet): EngineFunctions;
  /** Number of cores that this process may use. */
  readonly cores: number;
  /** Returns the number of threads that work on a kernel, the calling thread included: at first 1. */
  threads(): number;
  /**
   * Sets the number of threads, 1 to 1024, for all users of the library in this process, from the next kernel on.
   * Native code uses fewer if the system starts no more.
   * @throws PxvError `USAGE` if `count` is no whole number in this range; the error of a worker of WebAssembly that
   *   does not start
   */
  setThreads(count: number): void;
}

/**
 * Makes a kernel library: adds the lookup of kernels by instruction set, and a check of the number of threads.
 * @param sets kernels by instruction set, in ascending order
 * @param host other members, as the native addon or WebAssembly implements them; `setThreads` gets valid counts only
 * @returns library whose `kernels` and `setThreads` throw PxvError `USAGE` for an absent instruction set and a wrong
 *   count
 */
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

/**
 * Loaders of the kernel libraries: from files in Node.js, from bytes in a page. A loader is called at each use of its
 * library, and must return the same library each time.
 */
export interface LibraryLoaders {
  /**
   * Returns the library of the WebAssembly kernels, loaded at the first call at the latest.
   * @throws PxvError `DEPENDENCY` if the kernels do not load; `RESOURCES` if their memory has no address space
   */
  wasm: () => KernelLibrary;
  /** Returns the native addon's library, loaded at the first call. @throws PxvError `DEPENDENCY` if it does not load */
  addon: () => KernelLibrary;
}

let loaders: LibraryLoaders | null = null;

/**
 * Sets the loaders that later calls use to load the libraries. Modules that choose a backend call this function on
 * import.
 */
export function loadLibrariesBy(given: LibraryLoaders): void {
  loaders = given;
}

/**
 * Returns the library that holds the kernels of an instruction set: WebAssembly or the native addon.
 * @throws PxvError `DEPENDENCY` if the library does not load; `USAGE` if no loaders are set
 */
export function libraryOf(instructionSet: InstructionSet): KernelLibrary {
  return instructionSet === 'wasm' ? loadersOf('load WebAssembly').wasm() : loadersOf(LOAD_ADDON).addon();
}

const LOAD_ADDON = 'load the native addon';

/**
 * Returns the native addon's library, or the error `DEPENDENCY` if the addon does not load.
 * @throws PxvError `USAGE` if no loaders are set
 */
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

/** Returns the error `USAGE` for an operation without a chosen backend. */
export function backendError(operation: string): PxvError {
  const expected = 'a backend chosen before the first tensor';
  return errorFactory('USAGE', operation)('backend', expected, 'none', 'call `await chooseBackend()` first');
}
