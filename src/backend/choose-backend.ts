import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { tf } from '../foundation/tfjs.js';
import { errorFactory, PxvError } from '../foundation/errors.js';
import { useBackend, useKernels } from './current-backend.js';
import { tryAddon } from './kernel-library.js';
import type { InstructionSet } from './kernels/index.js';
import './library-files.js';
import { silenceGreeting } from './native-backend.js';
import { importTensorflow } from './tensorflow.js';
import { importWebgpu } from './webgpu.js';

const misused = errorFactory('USAGE', 'choose backend');

const backendNames = ['native', 'cpu', 'tensorflow', 'webgpu'] as const;
/**
 * Name of a backend: `native`, pxv's own kernels; `cpu`, the JavaScript kernels of tfjs; `tensorflow`, TensorFlow;
 * `webgpu`, the GPU through WebGPU.
 */
export type BackendName = (typeof backendNames)[number];

/** Options for choosing the backend that computes. */
export interface BackendOptions {
  /** Name of the backend. Default: native. */
  backend?: BackendName | undefined;
  /** Instruction set, native only. Default: the best that this machine has. */
  instructionSet?: InstructionSet | undefined;
  /** Number of threads, native only, 1 or more. Default: all cores. */
  threads?: number | undefined;
}

/** Backend in use after `chooseBackend`. */
export interface ChosenBackend {
  /** Name of the backend. */
  backend: BackendName;
  /** Instruction set of the native backend; null on another backend. */
  instructionSet: InstructionSet | null;
  /** Number of threads of the native kernels; 1 on another backend. */
  threads: number;
  /**
   * Notice for the user, one line, if WebAssembly is used since the native addon does not load, or if `webgpu` is on a
   * software adapter; null otherwise.
   */
  note: string | null;
}

/**
 * Makes a tfjs backend the current one. Call `chooseBackend` before any tensor is made: tensors of a replaced backend
 * are lost.
 * @throws PxvError `USAGE` if an option is unknown or not available on this machine; `DEPENDENCY` if the backend does
 *   not start
 * @example
 * ```js
 * import { chooseBackend } from 'pxv';
 *
 * const { backend, threads } = await chooseBackend({ threads: 2 });
 * console.log(backend, threads); // native 2
 * ```
 */
export async function chooseBackend(options: BackendOptions = {}): Promise<ChosenBackend> {
  const { backend = 'native', instructionSet, threads, ...unknown } = options;
  const [surplus] = Object.keys(unknown);
  if (surplus !== undefined) throw misused('options', 'backend, instructionSet or threads', surplus, 'leave it out');
  if (!backendNames.includes(backend))
    throw misused('backend', `one of ${backendNames.join(', ')}`, String(backend), 'choose one of those');
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw misused('threads', 'a whole number from 1', `${threads}`, 'give the number of threads, or leave it out');
  if (backend !== 'native' && instructionSet !== undefined)
    throw misused('instruction set', 'the backend native', backend, 'leave out one of the two options');
  if (backend === 'native') return chooseNative(instructionSet, threads);
  const note = await registerBackend(backend);
  await useBackend(backend);
  return { backend, instructionSet: null, threads: 1, note };
}

/** Registers another backend than the native one. Returns the notice for the user, or null. */
async function registerBackend(backend: Exclude<BackendName, 'native'>): Promise<string | null> {
  switch (backend) {
    case 'cpu':
      silenceGreeting(tf.findBackend('cpu') as MathBackendCPU);
      return null;
    case 'tensorflow':
      await importTensorflow();
      return null;
    case 'webgpu': {
      const { name, isSoftware } = await importWebgpu();
      return isSoftware
        ? `webgpu computes on ${name}, a software adapter, which is slower than the backend native`
        : null;
    }
  }
}

async function chooseNative(wanted: InstructionSet | undefined, threads: number | undefined): Promise<ChosenBackend> {
  const addon = wanted === 'wasm' ? null : tryAddon();
  const [native, note] = addon instanceof PxvError ? [[], noteOn(addon)] : [addon?.instructionSets ?? [], null];
  const available: InstructionSet[] = ['wasm', ...native];
  const instructionSet = wanted ?? available[available.length - 1];
  if (!available.includes(instructionSet)) {
    const remedy = note ?? 'choose one of those, or leave the option out';
    throw misused('instruction set', `one of ${available.join(', ')}`, instructionSet, remedy);
  }
  const used = await useKernels(instructionSet, threads);
  return { backend: 'native', instructionSet, threads: used, note };
}

/** See docs/measurements.md, "From start to file". */
const slower = '3 times slower in training and 1.6 times in prediction';

const noteOn = ({ parts: { received, remedy } }: PxvError) =>
  `the native addon does not load (${received}), so the WebAssembly kernels are used, ${slower}: ${remedy}`;
