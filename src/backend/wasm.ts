import { errorFactory } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { kernelSignature, kernelsOver, type CallArray, type CallWriter } from './call.js';
import { makeLibrary, type EngineFunctions, type EngineHandle, type KernelLibrary } from './kernel-library.js';

/** What of WebAssembly stands here; TypeScript knows it only from browsers. */
interface WebAssemblyApi {
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => { readonly buffer: SharedArrayBuffer };
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };

/** All that an address of 32 bits reaches. */
export const WASM_MEMORY_BYTES = 2 ** 32;
const PAGE = 2 ** 16;
/** As scripts/build-wasm.mjs links it. */
const FIRST_PAGES = 256;
/** Bytes of a thread's stack. */
const STACK = 2 ** 20;

/** What native/wasm.cc exports; numbers are addresses where nothing else is said. */
interface WasmExports {
  __tls_size: { value: number };
  __wasm_init_tls(memory: number): void;
  _initialize(): void;
  signature(): number;
  /** 0 where there is no room. */
  allocate(bytes: number): number;
  release(memory: number): void;
  /** A kernel, by its place in the table. */
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

/** What the kernels need of their host to compute in threads. */
export interface WasmThreads {
  /** As many are of use; 1 where no memory can be shared with one. */
  cores: number;
  /** Calls `program`, a function in JavaScript, with `data` in a thread of its own. It never returns, and need not be waited for. */
  start: (program: string, data: object) => void;
}

/**
 * The kernels of a module in WebAssembly.
 * @param code bytes of `wasm/pxv.wasm`
 * @throws PxvError `DEPENDENCY` where it is of another version, `RESOURCES` where there are no addresses for its memory, and what
 *   WebAssembly says of bytes that are no module
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
    setThreads: (count) => exports.setThreads(count),
  });
}

/** Makes the error that says what is wrong with a module. */
export const wasmError = errorFactory('DEPENDENCY', 'load WebAssembly');

/** What a thread of the pool does: it shares the memory, and has a stack and variables of its own. */
const WORK = `({ module, memory, id, stack, variables }) => {
  const absent = () => 8;
  const wasi_snapshot_preview1 = { fd_close: absent, fd_seek: absent, fd_write: absent };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, startWorker: absent }, wasi_snapshot_preview1 });
  exports.__stack_pointer.value = stack;
  exports.__wasm_init_tls(variables);
  exports.work(id);
}`;

/** The engine of JavaScript sets addresses for all that the memory may grow to apart at once. */
function sharedMemory() {
  try {
    return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: WASM_MEMORY_BYTES / PAGE, shared: true });
  } catch (cause) {
    const received = cause instanceof RangeError ? cause.message : 'no WebAssembly in this Node.js';
    const expected = 'WebAssembly, with 10 GiB of addresses (ulimit -v)';
    const remedy = 'let the process have more addresses, leave out --jitless, or build the native addon';
    throw errorFactory('RESOURCES', 'load WebAssembly')('memory', expected, received, remedy, { cause });
  }
}

/** One instance of the module, and its memory. */
class WasmHost {
  readonly exports: WasmExports;
  /** Shared, so that threads can use it, and so that views of it stay when it grows. */
  private readonly memory = sharedMemory();
  private bytes = new Uint8Array(this.memory.buffer);
  private readonly buffers = new WeakSet<ArrayBufferLike>();
  private readonly module: object;

  constructor(
    code: Uint8Array,
    private readonly threads: WasmThreads,
  ) {
    this.module = new WebAssembly.Module(code);
    // There are no files: nothing is ever written.
    const absent = () => 8;
    const instance = new WebAssembly.Instance(this.module, {
      env: { memory: this.memory, startWorker: (id: number) => this.startWorker(id) },
      wasi_snapshot_preview1: { fd_close: absent, fd_seek: absent, fd_write: absent },
    });
    this.exports = instance.exports as WasmExports;
    this.exports._initialize();
  }

  /** Numbers that lie in the memory. */
  floats(at: number, length: number): Float32Array {
    return new Float32Array(this.all().buffer, at, length);
  }

  /** Bytes of the memory. @throws PxvError RESOURCES where none are left */
  allocate(bytes: number): number {
    const at = this.exports.allocate(Math.max(bytes, 8)) >>> 0;
    if (at !== 0) return at;
    const expected = `at most ${WASM_MEMORY_BYTES / 2 ** 30} GiB in all`;
    const remedy = 'use a smaller batch or size, or build the native addon';
    throw errorFactory('RESOURCES', 'allocate')('memory of WebAssembly', expected, `${bytes} bytes more`, remedy);
  }

  /**
   * Lays a call in the memory, with those arrays that lie elsewhere; `end` copies back what was written of these, and frees.
   * @param given whether what is written must be copied there too
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

  /** A copy of an array, to be released. */
  copy(array: CallArray): number {
    const at = this.allocate(array.byteLength);
    this.all().set(bytesOf(array), at);
    return at;
  }

  /** The memory as it is now: it grows. */
  private all(): Uint8Array {
    const { buffer } = this.memory;
    if (this.bytes.buffer !== buffer) this.bytes = new Uint8Array(buffer);
    this.buffers.add(buffer);
    return this.bytes;
  }

  private startWorker(id: number): void {
    const { module, memory, exports } = this;
    const variables = this.allocate(exports.__tls_size.value);
    this.threads.start(WORK, { module, memory, id, stack: this.allocate(STACK) + STACK, variables });
  }
}

const bytesOf = (array: CallArray) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** A row after another on this thread, which it leaves to others in between. */
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
        // Until here the engine must not be freed.
        freed.unregister(engine);
        freed.register(engine, address, engine);
        exports.freeDrawing(drawing);
        placed.end();
      }
    },
  };
}
