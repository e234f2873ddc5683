import * as tf from '@tensorflow/tfjs-core';
import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { PxvError } from '../errors.js';
import { descriptions, type InputsOf, type KernelName, type KernelNumbers, type OutputsOf } from './kernels/index.js';
import { loadWasm } from './wasm.js';

/** Whether the backend in use has our kernels; on others the composed forms of operations run. */
export function hasKernels(): boolean {
  const kernel: tf.KernelConfig | undefined = tf.getKernel(GLOBAL_NORM, tf.getBackend());
  return kernel !== undefined;
}

/** The one operation of ours that is no kernel of C++. */
export const GLOBAL_NORM = 'pxv.globalNorm';

/** What tfjs calls the operation of a kernel. */
export const operationOf = (kernel: KernelName) => `pxv.${kernel}`;

/** Tensors for a kernel's inputs; those that may be null may be left out. */
type InputTensors<K extends KernelName> = {
  [I in keyof InputsOf<K> as InputsOf<K>[I] extends { optional: true } ? never : I]: Tensor;
} & { [I in keyof InputsOf<K> as InputsOf<K>[I] extends { optional: true } ? I : never]?: Tensor | null | undefined };

const outputNames = Object.fromEntries(
  Object.entries(descriptions).map(([kernel, { outputs }]) => [kernel, Object.keys(outputs)]),
);

/**
 * Runs a kernel on tensors, where `hasKernels`. Its outputs are tensors of the shapes of its description; those that are there with
 * an input alone are null without it.
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

/**
 * Runs a kernel of one output through which no gradient goes, as it is a choice or takes what it is given as it is: that of its inputs
 * is zero. Those that may be null may be left out. On backends without our kernels it runs on the host, in WebAssembly; nothing is lost but time.
 */
export function runWithoutGradient<K extends KernelName, T extends Tensor>(
  kernel: K,
  numbers: KernelNumbers<K>,
  inputs: Record<string, Tensor | null>,
): T {
  const { inputs: fields, outputs } = descriptions[kernel];
  for (const [name, { shape, optional }] of Object.entries(fields))
    if (!optional || inputs[name]) expectShape(kernel, name, inputs[name]!, shape(numbers as never));
  const given = Object.values(inputs).filter((tensor) => tensor !== null);
  const [[output, { shape }]] = Object.entries(outputs);
  const onHost = () => {
    const values = Object.entries(inputs).map(([name, tensor]) => [name, tensor?.dataSync() ?? null] as const);
    const out = new Float32Array(tf.util.sizeFromShape([...shape(numbers as never)]));
    const arrays: Record<string, unknown> = { ...Object.fromEntries(values), [output]: out };
    (loadWasm().kernels()[kernel] as (numbers: unknown, arrays: unknown) => void)(numbers, arrays);
    return tf.tensor(out, [...shape(numbers as never)]);
  };
  const operation = tf.customGrad<T>(() => ({
    value: (hasKernels() ? runKernel(kernel, numbers, inputs as never)[output as never] : onHost()) as T,
    gradFunc: () => given.map((tensor) => tf.zeros(tensor.shape)),
  }));
  return operation(...given);
}

/** Throws unless the tensor has the expected shape. */
export function expectShape(operation: string, argument: string, tensor: Tensor, expected: readonly number[]): void {
  if (tf.util.arraysEqual(tensor.shape, [...expected])) return;
  throw new PxvError({
    code: 'USAGE',
    operation,
    argument,
    expected: `shape [${expected.join(', ')}]`,
    received: `[${tensor.shape.join(', ')}]`,
    remedy: 'pass tensors that fit each other',
  });
}
