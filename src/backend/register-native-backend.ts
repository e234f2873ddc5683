import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Kernels } from './kernels/index.js';
import { NativeBackend } from './native-backend.js';
import { nativeOperations } from './native-operations.js';
import { nativeTfjsKernels } from './native-tfjs-kernels.js';

/** Registers a `NativeBackend` with tfjs; what the kernels lack falls back to tfjs's own CPU kernels. */
export function registerNativeBackend(kernels: Kernels, name = 'native', bf16: Kernels | null = null): void {
  tf.registerBackend(name, () => new NativeBackend(kernels, bf16), 10);
  const isKnown = tf.getKernelsForBackend(name).length > 0;
  if (isKnown) return;
  tf.copyRegisteredKernels('cpu', name);
  for (const [kernelName, kernel] of Object.entries({ ...nativeTfjsKernels, ...nativeOperations })) {
    const fallback = tf.getKernel(kernelName, 'cpu') as tf.KernelConfig | undefined;
    if (fallback) tf.unregisterKernel(kernelName, name);
    tf.registerKernel({
      kernelName,
      backendName: name,
      kernelFunc: ({ inputs, attrs = {}, backend }) =>
        kernel(backend as NativeBackend, inputs as Record<string, TensorInfo>, attrs) ??
        fallback!.kernelFunc({ inputs, attrs, backend }),
    });
  }
}
