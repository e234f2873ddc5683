import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildCommand } from '../foundation/build-command.js';
import { PxvError } from '../foundation/errors.js';
import { packageFolder } from '../foundation/package-folder.js';
import { kernelSignature, kernelsOver, type CallArray } from './call.js';
import { makeLibrary, type EngineFunctions, type EngineHandle, type KernelLibrary } from './kernel-library.js';
import type { InstructionSet } from './kernels/index.js';

/** What native/addon.cc exports of one instruction set. */
interface NativeFunctions {
  run: (kernel: number, numbers: Uint8Array, ...arrays: readonly (CallArray | null)[]) => void;
  makeEngine: EngineFunctions['makeEngine'];
  draw: (
    engine: EngineHandle,
    stop: Int32Array,
    onRow: ((rows: number) => void) | null,
    numbers: Uint8Array,
    ...arrays: readonly (CallArray | null)[]
  ) => Promise<number>;
}

/** What native/addon.cc exports. */
interface NativeModule {
  /** Of the calls that it reads. */
  signature: number;
  instructionSets: Record<string, NativeFunctions>;
  bf16: Record<string, NativeFunctions>;
  /** Undefined where there is no memory, or the runtime takes none that is not its own. */
  makeFloats(count: number): Float32Array | undefined;
  /** Frees its memory at once; the array is empty then. */
  giveFloatsBack(values: Float32Array): void;
  threads(): number;
  setThreads(count: number): void;
}

let loaded: KernelLibrary | undefined;

/** The addon that `buildCommand` compiles. Throws DEPENDENCY, with every cause, where it cannot be loaded. */
export function loadAddon(): KernelLibrary {
  return (loaded ??= libraryOver(loadModule(join(packageFolder(), 'build', 'Release', 'pxv.node'))));
}

/** The exports of the addon at `path`, or DEPENDENCY. */
export function loadModule(path: string): NativeModule {
  const missing = (received: string, cause?: unknown) =>
    new PxvError(
      {
        code: 'DEPENDENCY',
        operation: 'load the native addon',
        argument: path,
        expected: `an addon for ${process.platform}-${process.arch}`,
        received,
        remedy: `install g++, make and python3, then run: ${buildCommand()}`,
      },
      { cause },
    );
  if (!existsSync(path)) throw missing('no file: it has not been built');
  try {
    const native = createRequire(import.meta.url)(path) as NativeModule;
    if (native.signature === kernelSignature) return native;
  } catch (error) {
    throw missing(error instanceof Error ? error.message : String(error), error);
  }
  throw missing('one that another version of the code was built to');
}

function libraryOver(native: NativeModule): KernelLibrary {
  // Where they are large they start on a cache line and lie in huge pages, if the system has them.
  const make = (length: number) => native.makeFloats(length) ?? new Float32Array(length);
  const memory = { make, free: (values: Float32Array) => native.giveFloatsBack(values), copiesOthers: false };
  const kernelsOf = (functionsOf: Record<string, NativeFunctions>) =>
    new Map(
      Object.entries(functionsOf).map(([set, { run }]) => {
        const name = set as InstructionSet;
        return [name, kernelsOver(name, memory, (kernel, call, arrays) => run(kernel, call.numbers, ...arrays))];
      }),
    );
  const bf16 = kernelsOf(native.bf16);
  return makeLibrary(kernelsOf(native.instructionSets), {
    cores: native.threads(),
    bf16Kernels: (instructionSet) => bf16.get(instructionSet) ?? null,
    engine: (instructionSet) => engineOver(native.instructionSets[instructionSet]),
    threads: () => native.threads(),
    setThreads: (count) => native.setThreads(count),
  });
}

/** Whole images in one call off the main thread, the batch and the threads inside. */
function engineOver({ makeEngine, draw }: NativeFunctions): EngineFunctions {
  return {
    makeEngine,
    draw: (engine, call, arrays, stop, onRow) => draw(engine, stop, onRow, call.numbers, ...arrays),
  };
}
