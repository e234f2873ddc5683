import { tf } from '../foundation/tfjs.js';
import { errorFactory, PxvError } from '../foundation/errors.js';
import { libraryOf, backendError, tryAddon } from './kernel-library.js';
import type { InstructionSet } from './kernels/index.js';
import { nativeBackend, registerNativeBackend, type NativeBackend } from './native-backend.js';

/**
 * Returns the name of the arithmetic, on which the rounding of results depends: the instruction set of the native
 * backend, else the name of the backend.
 */
export function currentArithmetic(): string {
  return nativeBackend()?.kernels.instructionSet ?? tf.getBackend();
}

/** Returns the number of threads of the native backend; null on another backend, whose number is not known. */
export function currentThreads(): number | null {
  const native = nativeBackend();
  return native === null ? null : libraryOf(native.kernels.instructionSet).threads();
}

/**
 * Returns the instruction set of the native backend if in use, else the best of the addon, or `wasm` without an addon.
 */
export function currentInstructionSet(): InstructionSet {
  const native = nativeBackend();
  if (native !== null) return native.kernels.instructionSet;
  const addon = tryAddon();
  return addon instanceof PxvError ? 'wasm' : addon.instructionSets.at(-1)!;
}

/**
 * Makes the native backend with the kernels of `instructionSet` the current one, and sets its number of threads.
 * @param threads number of threads; undefined: all cores
 * @returns number of threads
 * @throws PxvError `USAGE` if the CPU lacks `instructionSet`, or `threads` is no integer from 1 to 1024; `DEPENDENCY`
 *   if the library or the backend does not start
 */
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

/** Makes a registered backend of tfjs the current one. @throws PxvError `DEPENDENCY` if the backend does not start */
export async function useBackend(name: string): Promise<void> {
  if (await tf.setBackend(name)) return;
  const failed = errorFactory('DEPENDENCY', 'choose backend');
  throw failed(name, 'a backend that starts', 'a failure', 'choose another backend');
}

/**
 * Checks that a backend was chosen. Else TensorFlow.js would use its own backend, which is many times as slow, and
 * print a notice about another package.
 * @param operation name of the operation in the error
 * @throws PxvError `USAGE` if no backend was chosen
 */
export function assertBackend(operation: string): void {
  // Undefined until a backend is in use, whatever its type says.
  if ((tf.getBackend() as string | undefined) === undefined) throw backendError(operation);
}
