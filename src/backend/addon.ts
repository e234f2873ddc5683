import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildCommand } from '../build-command.js';
import { PxvError } from '../errors.js';
import { packageFolder } from '../package-folder.js';
import type { InstructionSet, Kernels } from './kernels.js';
import type { NativeEngine } from './engine-addon.js';
import { nativeKernels, nativeMultiplyAdds, type NativeFunctions } from './native-kernels.js';

/** The kernels in C++, and the threads that they share. */
export interface Addon {
  /** What this CPU can run, in ascending order, without `typescript`. */
  readonly instructionSets: readonly InstructionSet[];
  /** The kernels of one set; without a name, of the highest. Throws USAGE where this CPU or build lacks it. */
  kernels(instructionSet?: InstructionSet): Kernels;
  /** The kernels of a set with the factors of convolutions and LSTMs rounded to bf16; null where this CPU has none. */
  bf16Kernels(instructionSet: InstructionSet): Kernels | null;
  /** See src/bench/multiply-adds.ts; of a set that `instructionSets` has, in bf16 of one that `bf16Kernels` has. */
  multiplyAdds(
    instructionSet: InstructionSet,
    inBf16: boolean,
  ): (rounds: number, x: Float32Array, out: Float32Array) => void;
  /** See the function of the same name. */
  makeFloats(length: number): Float32Array | undefined;
  /** The engine over the kernels of a set that `instructionSets` has. */
  engine(instructionSet: InstructionSet): NativeEngine;
  /** Cores that this process has: as many threads there are at first. */
  cores: number;
  /** How many threads work on a kernel, the calling one included. */
  threads(): number;
  /** The same for every user of the addon in this process, from the next kernel on. */
  setThreads(count: number): void;
}

/** What native/addon.cc exports. */
interface NativeModule {
  instructionSets: Record<string, NativeFunctions & NativeEngine>;
  bf16: Record<string, NativeFunctions>;
  /** Undefined where there is no memory, or the runtime takes none that is not its own. */
  makeFloats(count: number): Float32Array | undefined;
  threads(): number;
  setThreads(count: number): void;
}

let loaded: Addon | undefined;

/**
 * A large array with unspecified contents: where the addon is loaded it starts on a cache line and lies in huge pages
 * if the system has them, else it is JavaScript's own.
 */
export function makeFloats(length: number): Float32Array {
  return loaded?.makeFloats(length) ?? new Float32Array(length);
}

/** The addon that `buildCommand` compiles. Throws DEPENDENCY, with every cause, where it cannot be loaded. */
export function loadAddon(): Addon {
  return (loaded ??= fromModule(loadModule(join(packageFolder(), 'build', 'Release', 'pxv.node'))));
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
    return createRequire(import.meta.url)(path) as NativeModule;
  } catch (error) {
    throw missing(error instanceof Error ? error.message : String(error), error);
  }
}

function fromModule(native: NativeModule): Addon {
  const [sets, bf16] = [native.instructionSets, native.bf16].map((functionsOf) => {
    const entries = Object.entries(functionsOf) as [InstructionSet, NativeFunctions][];
    return new Map(entries.map(([name, functions]) => [name, nativeKernels(name, functions)]));
  });
  const instructionSets = [...sets.keys()];
  return {
    instructionSets,
    cores: native.threads(),
    kernels(instructionSet = instructionSets.at(-1)!) {
      const kernels = sets.get(instructionSet);
      if (kernels) return kernels;
      throw new PxvError({
        code: 'USAGE',
        operation: 'choose kernels',
        argument: 'instruction set',
        expected: `one that this CPU runs (${instructionSets.join(', ')})`,
        received: instructionSet,
        remedy: 'choose another one',
      });
    },
    bf16Kernels: (instructionSet) => bf16.get(instructionSet) ?? null,
    multiplyAdds: (instructionSet, inBf16) =>
      nativeMultiplyAdds((inBf16 ? native.bf16 : native.instructionSets)[instructionSet]),
    makeFloats: (length) => native.makeFloats(length),
    engine: (instructionSet) => native.instructionSets[instructionSet],
    threads: () => native.threads(),
    setThreads(count) {
      if (!Number.isInteger(count) || count < 1 || count > 1024)
        throw new PxvError({
          code: 'USAGE',
          operation: 'set threads',
          argument: 'count',
          expected: 'an integer from 1 to 1024',
          received: String(count),
          remedy: 'use at most the number of cores',
        });
      native.setThreads(count);
    },
  };
}
