import { tf } from '../foundation/tfjs.js';
import type { KernelConfig, NamedAttrMap, NamedTensorMap, Tensor, TensorContainerObject } from '@tensorflow/tfjs-core';
import { libraryOf } from './kernel-library.js';
import { argumentError } from './kernels/geometry.js';
import { descriptions, type InputsOf, type KernelName, type KernelNumbers, type OutputsOf } from './kernels/index.js';

/** Returns true if the backend in use has all of pxv's kernels. On others the composed forms of operations run. */
export function hasKernels(): boolean {
  const kernel: KernelConfig | undefined = tf.getKernel(GLOBAL_NORM, tf.getBackend());
  return kernel !== undefined;
}

/** Returns true if the backend in use has one of pxv's kernels; `webgpu` has only some. */
export function hasKernel(kernel: KernelName): boolean {
  const config: KernelConfig | undefined = tf.getKernel(operationOf(kernel), tf.getBackend());
  return config !== undefined;
}

/** tfjs name of the operation of `globalNorm`, the only operation of pxv that is no C++ kernel. */
export const GLOBAL_NORM = 'pxv.globalNorm';

/** Returns the name under which a kernel is registered in tfjs as an operation on tensors. */
export const operationOf = (kernel: KernelName) => `pxv.${kernel}`;

/** Input tensors of a kernel, by name; optional inputs may be missing. */
type InputTensors<K extends KernelName> = {
  [I in keyof InputsOf<K> as InputsOf<K>[I] extends { optional: true } ? never : I]: Tensor;
} & { [I in keyof InputsOf<K> as InputsOf<K>[I] extends { optional: true } ? I : never]?: Tensor | null | undefined };

const kernelNames = Object.keys(descriptions) as KernelName[];
const outputNames = Object.fromEntries(kernelNames.map((name) => [name, Object.keys(descriptions[name].outputs)]));

/**
 * Runs a kernel on tensors, on a backend that `hasKernels`. The outputs are tensors of the shapes in the kernel's
 * description. An output tied to a missing input is null. The caller disposes the result.
 */
export function runKernel<K extends KernelName>(
  kernel: K,
  numbers: KernelNumbers<K>,
  inputs: InputTensors<K>,
): { [O in keyof OutputsOf<K>]: Tensor } {
  const given: NamedTensorMap = {};
  for (const [name, tensor] of Object.entries<Tensor | null | undefined>(inputs)) if (tensor) given[name] = tensor;
  const made = tf.engine().runKernel<Tensor[]>(operationOf(kernel), given, numbers as unknown as NamedAttrMap);
  const outputs: Record<string, Tensor | null> = {};
  let at = 0;
  for (const name of outputNames[kernel]) outputs[name] = made[at++] ?? null;
  return outputs as never;
}

/** Checks that the inputs of a kernel have the shapes of its description. @throws PxvError `USAGE` if not */
function assertInputs<K extends KernelName>(kernel: K, numbers: KernelNumbers<K>, inputs: InputTensors<K>): void {
  const given = inputs as Record<string, Tensor | null | undefined>;
  for (const [name, { shape, optional }] of Object.entries(descriptions[kernel].inputs))
    if (!optional || given[name]) assertShape(kernel, name, given[name]!, shape(numbers as never));
}

/**
 * Runs a kernel, or its composed form on a backend without pxv's kernels. The caller disposes the result.
 * @param composed computes the same outputs with operations of tfjs
 * @throws PxvError `USAGE` if the shape of an input differs from the kernel's description
 */
export function runOrCompose<K extends KernelName>(
  kernel: K,
  numbers: KernelNumbers<K>,
  inputs: InputTensors<K>,
  composed: () => { [O in keyof OutputsOf<K>]: Tensor | null },
): { [O in keyof OutputsOf<K>]: Tensor } {
  assertInputs(kernel, numbers, inputs);
  return hasKernel(kernel)
    ? runKernel(kernel, numbers, inputs)
    : (tf.tidy(composed as () => TensorContainerObject) as never);
}

/** Returns the name of the gradient of an input or output. */
const gradientOf = (name: string) => `d${name[0].toUpperCase()}${name.slice(1)}`;

/**
 * Runs a kernel of one output as an operation on the tape; on a backend without pxv's kernels, runs its composed form,
 * which the tape differentiates. The kernel's gradients are the kernels named as the kernel plus `...Gradient`. They
 * compute gradients of some inputs from the inputs and the gradient of the output; other inputs have none. The caller
 * disposes the result.
 * @param composed computes the output with operations of tfjs
 * @throws PxvError `USAGE` if the shape of an input differs from the kernel's description
 */
export function runDifferentiable<K extends KernelName, T extends Tensor>(
  kernel: K,
  numbers: KernelNumbers<K>,
  inputs: InputTensors<K>,
  composed: () => T,
): T {
  assertInputs(kernel, numbers, inputs);
  if (!hasKernels()) return tf.tidy(composed);
  const [output] = outputNames[kernel];
  const gradients = kernelNames.filter((name) => name.startsWith(kernel) && name.endsWith('Gradient'));
  const made = gradients.flatMap((gradient) => outputNames[gradient]);
  const given = Object.entries<Tensor>(inputs);
  const learned = given.filter(([name]) => made.includes(gradientOf(name)));
  const forward = () => runKernel(kernel, numbers, inputs)[output as never] as T;
  const tensorsOf = (named: [string, Tensor][]) => named.map(([, tensor]) => tensor);
  return differentiable(tensorsOf(learned), forward, tensorsOf(given), (dOut, saved) => {
    const kept = { ...Object.fromEntries(given.map(([name], at) => [name, saved[at]])), [gradientOf(output)]: dOut };
    const parts = gradients.map((gradient) => runKernel(gradient, numbers as never, kept as never));
    const all = Object.assign({}, ...parts) as Record<string, Tensor>;
    return learned.map(([name]) => all[gradientOf(name)]);
  });
}

/**
 * Runs a kernel of one output. On a backend without pxv's kernels, runs the kernel on the host in WebAssembly, with
 * equal results but slower. The tape does not differentiate this function. The caller disposes the result.
 * @throws PxvError `USAGE` if an input does not fit the kernel; `DEPENDENCY` if WebAssembly is needed and does not load
 */
export function runAnywhere<K extends KernelName, T extends Tensor>(
  kernel: K,
  numbers: KernelNumbers<K>,
  inputs: InputTensors<K>,
): T {
  const [[output, { shape: shapeOf }]] = Object.entries(descriptions[kernel].outputs);
  const onHost = () => {
    const shape = [...shapeOf(numbers as never)];
    const out = new Float32Array(tf.util.sizeFromShape(shape));
    const values = Object.entries<Tensor | null | undefined>(inputs).map(([name, x]) => [name, x?.dataSync() ?? null]);
    const arrays: unknown = { ...Object.fromEntries(values), [output]: out };
    (libraryOf('wasm').kernels()[kernel] as (numbers: unknown, arrays: unknown) => void)(numbers, arrays);
    return { [output]: tf.tensor(out, shape) };
  };
  return runOrCompose(kernel, numbers, inputs, onHost as never)[output as never] as T;
}

/**
 * Runs a kernel as `runAnywhere` does, for what has no gradient, such as a discrete choice: the tape does not connect
 * the result with the inputs, so that nothing is computed to become zero. The caller disposes the result.
 * @throws PxvError as `runAnywhere`
 */
export function runWithoutGradient<K extends KernelName, T extends Tensor>(
  kernel: K,
  numbers: KernelNumbers<K>,
  inputs: InputTensors<K>,
): T {
  return differentiable(
    [],
    () => runAnywhere<K, T>(kernel, numbers, inputs),
    [],
    () => [],
  );
}

/**
 * Runs `forward` as an operation on the tape, differentiable in each of `xs`.
 * @param kept tensors that the tape keeps for the gradient; 'value': the result of `forward`
 * @param gradient returns the gradients of `xs`, given the gradient of the result and the kept tensors
 */
export function differentiable<T extends Tensor>(
  xs: readonly Tensor[],
  forward: () => T,
  kept: readonly Tensor[] | 'value',
  gradient: (dy: Tensor, kept: Tensor[]) => Tensor | Tensor[],
): T {
  const operation = tf.customGrad<T>((...args) => {
    const save = args[xs.length] as unknown as (tensors: Tensor[]) => void;
    const value = forward();
    save(kept === 'value' ? [value] : [...kept]);
    return { value, gradFunc: (dy: Tensor, saved: unknown) => gradient(dy, saved as Tensor[]) };
  });
  return operation(...xs);
}

/**
 * Checks that a tensor has the expected shape.
 * @param operation, argument names for the error
 * @throws PxvError `USAGE` if not
 */
export function assertShape(operation: string, argument: string, tensor: Tensor, expected: readonly number[]): void {
  if (tf.util.arraysEqual(tensor.shape, [...expected])) return;
  throw argumentError(operation, argument, `shape [${expected.join(', ')}]`, `[${tensor.shape.join(', ')}]`);
}
