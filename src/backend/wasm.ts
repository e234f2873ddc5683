import { errorFactory } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { kernelSignature, kernelsOver, type CallArray, type CallWriter } from './call.js';
import { makeLibrary, type EngineFunctions, type EngineHandle, type KernelLibrary } from './kernel-library.js';

/** Part of the WebAssembly API that is used here, which TypeScript declares for browsers only. */
interface WebAssemblyApi {
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => { readonly buffer: SharedArrayBuffer };
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };

/** Maximum memory of WebAssembly in bytes: the range of 32-bit addresses. */
export const WASM_MEMORY_BYTES = 2 ** 32;
const PAGE = 2 ** 16;
/** Initial number of pages, as scripts/build-wasm.mjs links the module. */
const FIRST_PAGES = 256;
/** Bytes of a thread's stack. */
const STACK = 2 ** 20;

/** Exports of native/wasm.cc; numbers are addresses if not documented otherwise. */
interface WasmExports {
  __tls_size: { value: number };
  __wasm_init_tls(memory: number): void;
  _initialize(): void;
  signature(): number;
  /** Returns 0 if memory is exhausted. */
  allocate(bytes: number): number;
  release(memory: number): void;
  /** Runs a kernel, given its index in the table. */
  run(kernel: number, call: number): void;
  threads(): number;
  setThreads(count: number): void;
  makeEngine(program: number, parameters: number, count: number): number;
  freeEngine(engine: number): void;
  beginDrawing(engine: number, call: number): number;
  isDone(drawing: number): number;
  drawRow(drawing: number): number;
  failedSum(drawing: number): number;
  freeDrawing(drawing: number): void;
}

/** Threads that the host provides to the kernels. */
export interface WasmThreads {
  /** Maximum number of useful threads; 1 if no memory can be shared with threads. */
  cores: number;
  /**
   * Calls `program`, the source of a JavaScript function, with `data` in a new thread. The function never returns. The
   * thread does not keep the process alive.
   */
  start: (program: string, data: object) => void;
}

/**
 * Instantiates the kernels of a WebAssembly module.
 * @param code bytes of `wasm/pxv.wasm`
 * @throws PxvError `DEPENDENCY` if `code` is of another version; `RESOURCES` if there is no address space for its
 *   memory; WebAssembly's error if `code` is no module
 */
export function wasmLibrary(code: Uint8Array, threads: WasmThreads): KernelLibrary {
  const host = new WasmHost(code, threads);
  const { exports } = host;
  if (exports.signature() >>> 0 !== kernelSignature)
    throw wasmError('wasm/pxv.wasm', 'a build of this version', 'one of another version', 'run: npm run build:wasm');
  const memory = {
    make: (length: number) => host.floats(host.allocate(4 * length), length),
    free: (values: Float32Array) => exports.release(values.byteOffset),
    copiesOthers: true,
  };
  const kernels = kernelsOver('wasm', memory, (kernel, call, arrays) => {
    const placed = host.place(call, arrays, false);
    try {
      exports.run(kernel, placed.at);
    } finally {
      placed.end();
    }
  });
  return makeLibrary(new Map([['wasm', kernels]]), {
    cores: threads.cores,
    bf16Kernels: () => null,
    engine: () => engineOver(host),
    threads: () => exports.threads(),
    setThreads: (count) => host.setThreads(count),
  });
}

/**
 * Returns a `DEPENDENCY` error for a module that cannot be used, from the parameters of `errorFactory`: argument,
 * expected value, received value, remedy.
 */
export const wasmError = errorFactory('DEPENDENCY', 'load WebAssembly');

/**
 * Source of a pool thread's function. The thread shares the memory, and has its own stack and thread-local variables.
 */
const WORK = `({ module, memory, id, stack, variables }) => {
  const absent = () => 8;
  const wasi_snapshot_preview1 = { fd_close: absent, fd_seek: absent, fd_write: absent };
  const imports = { env: { memory, startWorker: absent }, wasi_snapshot_preview1 };
  const { exports } = new WebAssembly.Instance(module, imports);
  exports.__stack_pointer.value = stack;
  exports.__wasm_init_tls(variables);
  exports.work(id);
}`;

/** Allocates the shared memory. The JavaScript engine reserves addresses for its maximum size at once. */
function sharedMemory() {
  try {
    return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: WASM_MEMORY_BYTES / PAGE, shared: true });
  } catch (cause) {
    const received = cause instanceof RangeError ? cause.message : 'no WebAssembly in this Node.js';
    const expected = 'WebAssembly with 10 GiB of virtual memory (ulimit -v)';
    const remedy = 'raise the limit of virtual memory, leave out --jitless, or build the native addon';
    throw errorFactory('RESOURCES', 'load WebAssembly')('memory', expected, received, remedy, { cause });
  }
}

/** Instance of the module, and its memory. */
class WasmHost {
  readonly exports: WasmExports;
  /** Memory shared between threads; views of shared memory stay valid when it grows. */
  private readonly memory = sharedMemory();
  private bytes = new Uint8Array(this.memory.buffer);
  private readonly buffers = new WeakSet<ArrayBufferLike>();
  private readonly module: object;
  /** Errors of workers that did not start. */
  private failures: Error[] = [];

  constructor(
    code: Uint8Array,
    private readonly threads: WasmThreads,
  ) {
    this.module = new WebAssembly.Module(code);
    // WASI's file functions are stubs: nothing is ever written.
    const absent = () => 8;
    const instance = new WebAssembly.Instance(this.module, {
      env: { memory: this.memory, startWorker: (id: number) => this.tryStartWorker(id) },
      wasi_snapshot_preview1: { fd_close: absent, fd_seek: absent, fd_write: absent },
    });
    this.exports = instance.exports as WasmExports;
    this.exports._initialize();
  }

  /** Returns a view of floats in the memory. */
  floats(at: number, length: number): Float32Array {
    return new Float32Array(this.all().buffer, at, length);
  }

  /** Allocates bytes of the memory. @throws PxvError `RESOURCES` if memory is exhausted */
  allocate(bytes: number): number {
    const at = this.exports.allocate(Math.max(bytes, 8)) >>> 0;
    if (at !== 0) return at;
    const expected = `at most ${WASM_MEMORY_BYTES / 2 ** 30} GiB in all`;
    const remedy = 'use a smaller batch or size, or build the native addon';
    throw errorFactory('RESOURCES', 'allocate')('memory of WebAssembly', expected, `${bytes} bytes more`, remedy);
  }

  /**
   * Copies a call into the memory, with the arrays that lie elsewhere. `end` copies the written arrays back and frees
   * all copies.
   * @param given true if written arrays are also inputs, to be copied in
   */
  place({ layout, numbers }: CallWriter, arrays: readonly (CallArray | null)[], given: boolean) {
    const copies: { array: CallArray; copy: number; written: boolean }[] = [];
    const at = this.allocate(layout.bytes + 4 * arrays.length);
    const placeOf = (array: CallArray | null, i: number) => {
      if (array === null) return 0;
      if (this.buffers.has(array.buffer)) return array.byteOffset;
      const { written } = layout.arrays[i];
      const copy = given || !written ? this.copy(array) : this.allocate(array.byteLength);
      copies.push({ array, copy, written });
      return copy;
    };
    const free = () => {
      for (const { copy } of copies) this.exports.release(copy);
      this.exports.release(at);
    };
    try {
      const places = arrays.map(placeOf);
      const bytes = this.all();
      bytes.set(numbers, at);
      new Uint32Array(bytes.buffer, at + layout.bytes, places.length).set(places);
    } catch (error) {
      free();
      throw error;
    }
    const end = () => {
      const bytes = this.all();
      for (const { array, copy, written } of copies)
        if (written) bytesOf(array).set(bytes.subarray(copy, copy + array.byteLength));
      free();
    };
    return { at, end };
  }

  /** Copies an array into the memory. The caller releases the copy. */
  copy(array: CallArray): number {
    const at = this.allocate(array.byteLength);
    this.all().set(bytesOf(array), at);
    return at;
  }

  /** Returns the current bytes of the memory, which grows. */
  private all(): Uint8Array {
    const { buffer } = this.memory;
    if (this.bytes.buffer !== buffer) this.bytes = new Uint8Array(buffer);
    this.buffers.add(buffer);
    return this.bytes;
  }

  /** Sets the number of threads. @throws the error of a worker that does not start; those that started go on */
  setThreads(count: number): void {
    this.failures = [];
    this.exports.setThreads(count);
    const [failure] = this.failures;
    if (failure !== undefined) throw failure;
  }

  /** Returns 1 if the worker starts, else 0. An error thrown through the module would leave its pool locked. */
  private tryStartWorker(id: number): number {
    try {
      this.startWorker(id);
      return 1;
    } catch (error) {
      this.failures.push(error as Error);
      return 0;
    }
  }

  private startWorker(id: number): void {
    const { module, memory, exports } = this;
    const variables = this.allocate(exports.__tls_size.value);
    this.threads.start(WORK, { module, memory, id, stack: this.allocate(STACK) + STACK, variables });
  }
}

const bytesOf = (array: CallArray) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Returns the engine, which draws one row after another on this thread and yields to the event loop between rows. */
function engineOver(host: WasmHost): EngineFunctions {
  const { exports } = host;
  const freed = new FinalizationRegistry((engine: number) => exports.freeEngine(engine));
  return {
    makeEngine(program, parameters) {
      const copies: number[] = [];
      const copy = (array: CallArray) => copies[copies.push(host.copy(array)) - 1];
      let engine: number;
      try {
        const [numbers, ...arrays] = [program, ...parameters].map(copy);
        engine = exports.makeEngine(numbers, copy(Uint32Array.from(arrays)), parameters.length);
      } finally {
        for (const at of copies) exports.release(at);
      }
      const handle = { engine };
      freed.register(handle, engine, handle);
      return handle as unknown as EngineHandle;
    },
    async draw(engine, call, arrays, stop, onRow) {
      const placed = host.place(call, arrays, true);
      const { engine: address } = engine as unknown as { engine: number };
      const drawing = exports.beginDrawing(address, placed.at);
      try {
        while (!exports.isDone(drawing) && stop[0] === 0) {
          const rows = exports.drawRow(drawing);
          onRow?.(rows);
          await yieldToEventLoop();
        }
        return exports.failedSum(drawing);
      } finally {
        // The engine must not be freed before this point.
        freed.unregister(engine);
        freed.register(engine, address, engine);
        exports.freeDrawing(drawing);
        placed.end();
      }
    },
  };
}
