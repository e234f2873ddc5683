import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { loadAddon } from '../../src/backend/addon.js';
import type { KernelLibrary } from '../../src/backend/kernel-library.js';
import type { InstructionSet, Kernels } from '../../src/backend/kernels/index.js';
import { registerNativeBackend, silenceGreeting } from '../../src/backend/native-backend.js';
import { findTensorflowPackage, importTensorflow } from '../../src/backend/tensorflow.js';
import { importWebgpu, missingWebgpuPackages } from '../../src/backend/webgpu.js';
import { loadWasm } from '../../src/backend/library-files.js';
import { isSlowRun } from '../extent.js';

/** One way to compute every kernel. */
export interface Implementation {
  name: string;
  /** The tfjs backend that must be in use, or null for kernels on arrays. */
  backend: string | null;
  /** Null for operations on tensors. */
  kernels: Kernels | null;
}

const addon = addonIfBuilt();

/** All sets of the addon that this machine can run. */
const nativeSets: readonly InstructionSet[] = addon?.instructionSets ?? [];

/** The instruction sets that this machine can run, in ascending order. */
export const availableSets: readonly InstructionSet[] = ['wasm', ...nativeSets];

/** Returns all of `sets` in the slow tests, the last and best of them in the quick ones. */
function choose<T>(sets: readonly T[]): readonly T[] {
  return isSlowRun ? sets : sets.slice(-1);
}

const wasm = loadWasm().kernels();
const nativeKernels = nativeSets.map((name) => addon!.kernels(name));

/**
 * Kernels of WebAssembly and of the best instruction set of this machine; in the slow tests of every set. Those of amx
 * are avx512's, but for its products in bf16.
 */
export const kernelSets = [wasm, ...choose(nativeKernels.filter(({ instructionSet }) => instructionSet !== 'amx'))];

const allBf16Sets = nativeSets.flatMap((name) => addon!.bf16Kernels(name) ?? []);

/** Kernels with products in bf16: the best of this machine, in the slow tests all of them. */
export const bf16Sets: readonly Kernels[] = choose(allBf16Sets);

/** Both, by their names. */
export const namedKernels = [
  ...kernelSets.map((kernels) => ({ name: `${kernels.instructionSet}`, kernels })),
  ...bf16Sets.map((kernels) => ({ name: `${kernels.instructionSet} in bf16`, kernels })),
];

/** Instruction sets that cannot be tested here; tests skip them by name. */
export const absentSets = (['portable', 'avx2', 'avx512', 'amx', 'neon'] as InstructionSet[]).filter(
  (name) => !nativeSets.includes(name),
);

/** Whether TensorFlow's backend is installed, with a binding; tests skip it by name where it is not. */
export const hasTensorflow = await tensorflowIfInstalled();

/** True if the packages of WebGPU are installed and an adapter is found; otherwise its tests are skipped by name. */
export const hasWebgpu = await webgpuIfInstalled();

/** tfjs backends of others that are there. */
const otherBackends = [...(hasTensorflow ? ['tensorflow'] : []), ...(hasWebgpu ? ['webgpu'] : [])];

silenceGreeting(tf.findBackend('cpu') as MathBackendCPU);
for (const kernels of [wasm, ...nativeKernels]) {
  const { instructionSet } = kernels;
  const bf16 = allBf16Sets.find((one) => one.instructionSet === instructionSet) ?? null;
  registerNativeBackend(kernels, `native-${instructionSet}`, bf16);
}

/** Kernels on arrays, operations on tensors over them, and the composed forms. */
export const implementations: Implementation[] = [
  ...kernelSets.map((kernels) => ({ name: kernels.instructionSet, backend: null, kernels })),
  ...choose(kernelSets).map(({ instructionSet }) => ({
    name: `tensors over ${instructionSet}`,
    backend: `native-${instructionSet}`,
    kernels: null,
  })),
  { name: 'composed form on cpu', backend: 'cpu', kernels: null },
  ...otherBackends.map((backend) => ({ name: `tensors over ${backend}`, backend, kernels: null })),
];

/** The tfjs backend of the last set. */
export const fastest = `native-${kernelSets[kernelSets.length - 1].instructionSet}`;

/** tfjs backends that compute each kernel in another form: composed, in WebAssembly and natively. */
export const forms = [...new Set(['cpu', 'native-wasm', fastest, ...otherBackends])];

/** Makes the implementation ready for its tests. */
export async function use({ backend }: Implementation): Promise<void> {
  if (backend) await tf.setBackend(backend);
}

/** Tests of each implementation, under its name. */
export function describeEach(tests: (implementation: Implementation) => void, all = implementations): void {
  describe.each(all)('$name', (implementation) => {
    beforeAll(() => use(implementation));
    tests(implementation);
  });
}

function addonIfBuilt(): KernelLibrary | null {
  try {
    return loadAddon();
  } catch {
    return null;
  }
}

async function tensorflowIfInstalled(): Promise<boolean> {
  const installed = findTensorflowPackage();
  if (installed === null || !existsSync(installed.binding)) return false;
  await importTensorflow();
  return true;
}

async function webgpuIfInstalled(): Promise<boolean> {
  if (missingWebgpuPackages().length > 0) return false;
  try {
    await importWebgpu();
    return true;
  } catch {
    return false;
  }
}
