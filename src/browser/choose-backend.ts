import { useKernels } from '../backend/current-backend.js';
import { type KernelLibrary, loadLibrariesBy } from '../backend/kernel-library.js';
import { wasmError, wasmLibrary, type WasmThreads } from '../backend/wasm.js';
import { errorFactory } from '../foundation/errors.js';

/** What computes in a page. */
export interface PageBackendOptions {
  /** The bytes of `wasm/pxv.wasm` of this package, or where they are fetched from. */
  wasm: Uint8Array | URL | string;
  /** 1 or more; more than 1 where the page is isolated. Default: one for each core, or without isolation 1. */
  threads?: number | undefined;
}

/** What computes from now on. */
export interface ChosenPageBackend {
  /** The kernels: the one set that pages have. */
  instructionSet: 'wasm';
  /** Threads of the kernels, that of the caller included. */
  threads: number;
  /** Whether the page may share memory between threads: it was served with the headers COOP and COEP. */
  isolated: boolean;
}

/** What stands in browsers alone; TypeScript knows it only from there. */
const page = globalThis as unknown as {
  crossOriginIsolated?: boolean;
  navigator?: { hardwareConcurrency?: number };
  Worker: new (url: string) => { postMessage(data: object): void };
};

let library: KernelLibrary | null = null;

/**
 * Loads the kernels in WebAssembly and makes them what computes. Call it before any tensor is made, in a worker, or the page stands still
 * while frames are computed. Called once more, it changes the number of threads alone.
 * @throws PxvError `DEPENDENCY` where the module cannot be fetched or is none of this version, `USAGE` where threads are asked for that the
 *   page may not have
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

/** A thread of the kernels, as a worker. */
function start(program: string, data: object): void {
  const source = new Blob([`onmessage = ({ data }) => (${program})(data);`], { type: 'text/javascript' });
  const url = URL.createObjectURL(source);
  new page.Worker(url).postMessage(data);
}
