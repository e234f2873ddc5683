import { tf } from '../foundation/tfjs.js';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { Kernels } from './kernels/index.js';
import { NativeBackend, type NativeKernel } from './native-backend.js';
import { nativeOperations } from './native-operations.js';
import { nativeTfjsKernels } from './native-tfjs-kernels.js';

/** Registers a `NativeBackend` with tfjs; what the kernels lack falls back to tfjs's own CPU kernels. */
export function registerNativeBackend(kernels: Kernels, name = 'native', bf16: Kernels | null = null): void {
  tf.registerBackend(name, () => new NativeBackend(kernels, bf16), 10);
  registerKernels(name);
}

/**
 * Registers the kernels of a `NativeBackend`, once for each name.
 * @param others what takes the place of tfjs's own CPU kernels
 */
export function registerKernels(name: string, others: Readonly<Record<string, NativeKernel>> = {}): void {
  const isKnown = tf.getKernelsForBackend(name).length > 0;
  if (isKnown) return;
  tf.copyRegisteredKernels('cpu', name);
  const ours: Readonly<Record<string, NativeKernel>> = { ...nativeTfjsKernels, ...nativeOperations };
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
