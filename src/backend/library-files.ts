import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { assertFreeAddresses } from '../foundation/address-space.js';
import { PxvError } from '../foundation/errors.js';
import { packageFolder } from '../foundation/package-folder.js';
import { loadAddon } from './addon.js';
import { type KernelLibrary, loadLibrariesBy } from './kernel-library.js';
import { wasmError, wasmLibrary, type WasmThreads } from './wasm.js';

loadLibrariesBy({ wasm: loadWasm, addon: loadAddon });

let loaded: KernelLibrary | undefined;

/**
 * Loads the kernels in WebAssembly from the package's own file; runs on every machine.
 * @throws PxvError `DEPENDENCY` if the file is missing or broken; `RESOURCES` if there is no address space for its
 *   memory
 */
export function loadWasm(): KernelLibrary {
  return (loaded ??= loadWasmFrom(join(packageFolder(), 'wasm', 'pxv.wasm')));
}

/** Loads the kernels in WebAssembly from the file at `path`. @throws PxvError as `loadWasm` */
export function loadWasmFrom(path: string): KernelLibrary {
  try {
    return wasmLibrary(readFileSync(path), threads);
  } catch (cause) {
    if (cause instanceof PxvError) throw cause;
    const remedy = 'install pxv again, or run: npm run build:wasm';
    throw wasmError(path, 'a whole file of pxv', (cause as Error).message, remedy, { cause });
  }
}

/** Bytes of addresses that a new thread needs: Node.js reserves about 540 MiB for it, and more as work goes on. */
const THREAD_ADDRESSES = 2 ** 30;

const threads: WasmThreads = {
  cores: availableParallelism(),
  start(program, workerData) {
    assertFreeAddresses('start a thread', THREAD_ADDRESSES);
    new Worker(`(${program})(require('node:worker_threads').workerData)`, { eval: true, workerData }).unref();
  },
};
