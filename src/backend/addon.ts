import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describeBuildCommand } from '../foundation/build-command.js';
import { findCompanionPackage } from '../foundation/companion-packages.js';
import { errorFactory } from '../foundation/errors.js';
import { usesMusl } from '../foundation/musl.js';
import { packageFolder } from '../foundation/package-folder.js';
import { kernelSignature, kernelsOver, type CallArray } from './call.js';
import { makeLibrary, type EngineFunctions, type EngineHandle, type KernelLibrary } from './kernel-library.js';
import type { InstructionSet } from './kernels/index.js';

/** Exports of native/addon.cc for one instruction set. */
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

/** Exports of native/addon.cc. */
interface NativeModule {
  /** Signature of the call layouts that the addon was compiled for. */
  signature: number;
  instructionSets: Record<string, NativeFunctions>;
  bf16: Record<string, NativeFunctions>;
  /** Returns undefined if memory is exhausted, or the runtime accepts no external memory. */
  makeFloats(count: number): Float32Array | undefined;
  /** Frees the memory of `values` at once and leaves the array empty. */
  giveFloatsBack(values: Float32Array): void;
  threads(): number;
  setThreads(count: number): void;
}

const platform = `${process.platform}-${process.arch}`;
let loaded: KernelLibrary | undefined;

/**
 * Loads the native addon: the addon built in this package, else that of the companion package for this platform.
 * @throws PxvError `DEPENDENCY`, with every cause and remedy, if neither loads
 */
export function loadAddon(): KernelLibrary {
  return (loaded ??= libraryOver(loadModule(placesOfAddon())));
}

/** Candidate location of the native addon. */
export interface AddonPlace {
  /** Name of the location in errors. */
  name: string;
  /** Path of the addon; null if its package is not installed. */
  path: string | null;
  /** Remedy that puts an addon at the location, as an imperative. */
  remedy: string;
  /** True if the addon there was linked against glibc, as those of companion packages for Linux. Default: false. */
  needsGlibc?: boolean;
}

function placesOfAddon(): AddonPlace[] {
  const path = (folder: string) => join(folder, 'build', 'Release', 'pxv.node');
  const own = path(packageFolder());
  const companion = findCompanionPackage(platform);
  const prebuilt = companion && {
    name: companion.specifier,
    path: companion.folder && path(companion.folder),
    remedy: `run: npm install ${companion.specifier}`,
    needsGlibc: process.platform === 'linux',
  };
  const remedy = `install g++, make and python3, then run: ${describeBuildCommand()}`;
  return [{ name: own, path: own, remedy }, ...(prebuilt ? [prebuilt] : [])];
}

/**
 * Loads the first addon of `places` that is built for this version and loads. Returns its exports. Addons that need
 * glibc are skipped on musl: to load one could end the process.
 * @param isMusl returns true if this process uses musl
 * @throws PxvError `DEPENDENCY` if none loads
 */
export function loadModule(places: readonly AddonPlace[], isMusl: () => boolean = usesMusl): NativeModule {
  const causes: unknown[] = [];
  for (const { path, needsGlibc = false } of places) {
    try {
      if (needsGlibc && path !== null && isMusl()) throw new Error('built for glibc, and this system has musl');
      return openModule(path);
    } catch (cause) {
      causes.push(cause);
    }
  }
  const causeOf = (at: number) => (causes[at] instanceof Error ? causes[at].message : String(causes[at]));
  const received = places.map(({ name }, at) => `${name}: ${causeOf(at)}`).join('; ');
  const remedies = places.map(({ remedy }) => remedy).join(', or ');
  const failed = errorFactory('DEPENDENCY', 'load the native addon');
  throw failed(platform, 'one that was built for it', received, remedies, { cause: causes[0] });
}

function openModule(path: string | null): NativeModule {
  if (path === null) throw new Error('not installed');
  if (!existsSync(path)) throw new Error('not built');
  const native = createRequire(import.meta.url)(path) as NativeModule;
  if (native.signature === kernelSignature) return native;
  throw new Error('built for another version');
}

function libraryOver(native: NativeModule): KernelLibrary {
  // Large arrays start on a cache line and lie in huge pages, if the system has them.
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
    cores: availableParallelism(),
    bf16Kernels: (instructionSet) => bf16.get(instructionSet) ?? null,
    // A whole batch of images is one call off the main thread; threads are inside.
    engine: (instructionSet) => {
      const { makeEngine, draw } = native.instructionSets[instructionSet];
      return { makeEngine, draw: (engine, call, arrays, ...rest) => draw(engine, ...rest, call.numbers, ...arrays) };
    },
    threads: () => native.threads(),
    setThreads: (count) => native.setThreads(count),
  });
}
