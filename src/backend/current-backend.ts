import { tf } from '../foundation/tfjs.js';
import { errorFactory, PxvError } from '../foundation/errors.js';
import { libraryOf, backendError, tryAddon } from './kernel-library.js';
import type { InstructionSet } from './kernels/index.js';
import { nativeBackend, type NativeBackend } from './native-backend.js';
import { registerNativeBackend } from './register-native-backend.js';

/** What rounds as tensors are computed now: the instruction set of the native backend, else the name of the backend. */
export function currentArithmetic(): string {
  return nativeBackend()?.kernels.instructionSet ?? tf.getBackend();
}

/** Threads that the native backend computes with; null on another, which does not say. */
export function currentThreads(): number | null {
  const native = nativeBackend();
  return native === null ? null : libraryOf(native.kernels.instructionSet).threads();
}

/** The instruction set of the native backend where it is in use; else the best that the addon has, if it is there. */
export function currentInstructionSet(): InstructionSet {
  const native = nativeBackend();
  if (native !== null) return native.kernels.instructionSet;
  const addon = tryAddon();
  return addon instanceof PxvError ? 'wasm' : addon.instructionSets.at(-1)!;
}

/** Makes the native backend on these kernels the current one. @returns threads that it computes with */
export async function useKernels(instructionSet: InstructionSet, threads: number | undefined): Promise<number> {
  const library = libraryOf(instructionSet);
  library.setThreads(threads ?? library.cores);
  const current = tf.findBackend('native') as NativeBackend | null;
  if (current?.kernels.instructionSet !== instructionSet) {
    current?.pool.clear();
    if (current) tf.removeBackend('native');
    registerNativeBackend(library.kernels(instructionSet), 'native', library.bf16Kernels(instructionSet));
  }
  await useBackend('native');
  return library.threads();
}

/** Makes a registered backend of tfjs the current one. */
export async function useBackend(name: string): Promise<void> {
  if (await tf.setBackend(name)) return;
  const failed = errorFactory('DEPENDENCY', 'choose backend');
  throw failed(name, 'a backend that starts', 'a failure', 'choose another backend');
}

/**
 * Left to itself, TensorFlow.js would take its own backend, which is many times as slow, and say so in words about another
 * package.
 * @throws PxvError `USAGE` where no backend was chosen
 */
export function assertBackend(operation: string): void {
  // Undefined until one is in use, whatever its type says.
  if ((tf.getBackend() as string | undefined) === undefined) throw backendError(operation);
}
