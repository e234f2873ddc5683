import { useKernels } from '../backend/current-backend.js';
import { type KernelLibrary, loadLibrariesBy } from '../backend/kernel-library.js';
import { wasmError, wasmLibrary, type WasmThreads } from '../backend/wasm.js';
import { errorFactory } from '../foundation/errors.js';

/** Options for `chooseBackend` in a web page. */
export interface PageBackendOptions {
  /** Bytes or URL of `wasm/pxv.wasm` of this package. */
  wasm: Uint8Array | URL | string;
  /** Number of threads, 1 to 1024; 1 without cross-origin isolation. Default: one per core, 1 without isolation. */
  threads?: number | undefined;
}

/** Backend of a web page, as `chooseBackend` has set it. */
export interface ChosenPageBackend {
  /** Instruction set of the kernels: WebAssembly. */
  instructionSet: 'wasm';
  /** Number of threads, including the caller's. */
  threads: number;
  /** True if the page is cross-origin isolated (headers COOP and COEP), so that threads may share memory. */
  isolated: boolean;
}

/** Browser globals that Node.js types lack. */
const page = globalThis as unknown as {
  crossOriginIsolated?: boolean;
  navigator?: { hardwareConcurrency?: number };
  Worker: new (url: string) => { postMessage(data: object): void };
};

let library: KernelLibrary | null = null;

/**
 * Loads the WebAssembly kernels and makes them the current backend. Call `chooseBackend` before any tensor is made,
 * best in a worker: computing blocks its thread. A second call changes the number of threads alone, and ignores `wasm`.
 *
 * @throws PxvError `DEPENDENCY` if the module cannot be fetched or has another version; `RESOURCES` if there is no
 *   address space for its memory; `USAGE` if the page cannot have `threads` threads
 */
export async function chooseBackend({ wasm, threads }: PageBackendOptions): Promise<ChosenPageBackend> {
  const isolated = page.crossOriginIsolated === true;
  const most = isolated ? 1024 : 1;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= most)) {
    const expected = isolated ? `a whole number from 1 to ${most}` : '1, as the page is not isolated';
    const remedy = isolated ? 'give the number of threads' : 'serve the page with the headers COOP and COEP';
    throw errorFactory('USAGE', 'choose backend')('threads', expected, String(threads), remedy);
  }
  if (library === null) {
    const code = wasm instanceof Uint8Array ? wasm : await fetched(String(wasm));
    const made = loaded(code, { cores: isolated ? (page.navigator?.hardwareConcurrency ?? 1) : 1, start });
    loadLibrariesBy({ wasm: () => made, addon: noAddon });
    library = made;
  }
  return { instructionSet: 'wasm', threads: await useKernels('wasm', threads), isolated };
}

function noAddon(): never {
  throw errorFactory('DEPENDENCY', 'load the native addon')('addon', 'Node.js', 'a page', 'compute in WebAssembly');
}

async function fetched(url: string): Promise<Uint8Array> {
  const remedy = 'serve wasm/pxv.wasm of the package pxv there';
  let received: string;
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    received = `${response.status} ${response.statusText}`.trim();
  } catch (cause) {
    received = (cause as Error).message;
  }
  throw wasmError(url, 'a file of pxv', received, remedy);
}

function loaded(code: Uint8Array, threads: WasmThreads): KernelLibrary {
  try {
    return wasmLibrary(code, threads);
  } catch (cause) {
    if (!(cause instanceof Error) || 'code' in cause) throw cause;
    throw wasmError('its bytes', 'wasm/pxv.wasm', cause.message, 'give the file of this version', { cause });
  }
}

/** Starts a kernel thread as a worker. */
function start(program: string, data: object): void {
  const source = new Blob([`onmessage = ({ data }) => (${program})(data);`], { type: 'text/javascript' });
  const url = URL.createObjectURL(source);
  new page.Worker(url).postMessage(data);
}
