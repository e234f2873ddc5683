import { tf } from '../foundation/tfjs.js';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { descriptions, type KernelName, type Kernels } from './kernels/index.js';
import { NativeBackend, type NativeKernel } from './native-backend.js';
import { nativeTfjsKernels } from './native-tfjs-kernels.js';
import { GLOBAL_NORM, operationOf } from './operation.js';

/**
 * Registers a `NativeBackend` with tfjs under `name`. Operations without a native kernel fall back to tfjs's CPU
 * kernels.
 * @param kernels kernels that compute
 * @param bf16 kernels with products in bf16, or null
 */
export function registerNativeBackend(kernels: Kernels, name = 'native', bf16: Kernels | null = null): void {
  tf.registerBackend(name, () => new NativeBackend(kernels, bf16), 10);
  registerKernels(name);
}

/**
 * Registers the kernels of a `NativeBackend` with tfjs under the backend name `name`, unless that name has kernels
 * already. Other operations use tfjs's own CPU kernels.
 * @param others kernels to use in place of tfjs's own CPU kernels, by tfjs's names
 */
export function registerKernels(name: string, others: Readonly<Record<string, NativeKernel>> = {}): void {
  const isKnown = tf.getKernelsForBackend(name).length > 0;
  if (isKnown) return;
  tf.copyRegisteredKernels('cpu', name);
  for (const kernelName of new Set([...Object.keys(ours), ...Object.keys(others)])) {
    const fallback = tf.getKernel(kernelName, 'cpu') as KernelConfig | undefined;
    if (fallback) tf.unregisterKernel(kernelName, name);
    const kernel = (...given: Parameters<NativeKernel>) =>
      ours[kernelName]?.(...given) ?? others[kernelName]?.(...given) ?? null;
    tf.registerKernel({
      kernelName,
      backendName: name,
      kernelFunc: ({ inputs, attrs = {}, backend }) =>
        kernel(backend as NativeBackend, inputs as Record<string, TensorInfo>, attrs) ??
        fallback!.kernelFunc({ inputs, attrs, backend }),
    });
  }
}

const ours: Readonly<Record<string, NativeKernel>> = {
  ...nativeTfjsKernels,

  // The kernels as operations on tensors: attributes are a call's numbers.
  ...Object.fromEntries(
    (Object.keys(descriptions) as KernelName[]).map((name): [string, NativeKernel] => [
      operationOf(name),
      (backend, tensors, numbers) => backend.run(name, tensors, numbers as never),
    ]),
  ),

  /** Computed in JavaScript: gradients are few beside the work that made them, and a sum in float64 costs no more. */
  [GLOBAL_NORM](backend, tensors) {
    let squares = 0;
    for (const tensor of Object.values(tensors)) {
      const values = backend.floats(tensor);
      for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
    }
    const { info, values } = backend.allocate([]);
    values[0] = Math.sqrt(squares);
    return info;
  },
};
