import { errorsOf, type PxvError } from '../foundation/errors.js';
import type { KernelLibrary } from './kernel-library.js';
import type { InstructionSet } from './kernels/index.js';

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
  return instructionSet === 'wasm' ? loadersOf('load WebAssembly').wasm() : addonLibrary();
}

/** The kernels in native code, or DEPENDENCY. */
export function addonLibrary(): KernelLibrary {
  return loadersOf('load the native addon').addon();
}

function loadersOf(operation: string): LibraryLoaders {
  if (loaders === null) throw noBackend(operation);
  return loaders;
}

/** What is said where no backend was chosen. */
export function noBackend(operation: string): PxvError {
  const expected = 'one that was chosen before any tensor is made';
  return errorsOf('USAGE', operation)('backend', expected, 'none', 'call `await chooseBackend()` first');
}
