import type { TensorInfo } from '@tensorflow/tfjs-core';
import { descriptions, type KernelName } from './kernels/index.js';
import type { NativeBackend, NativeKernel } from './native-backend.js';
import { GLOBAL_NORM, operationOf } from './operation.js';

/** The kernels as operations on tensors of the native backend: attributes are a call's numbers. */
export const nativeOperations: Record<string, NativeKernel> = {
  ...Object.fromEntries(
    Object.keys(descriptions).map((name) => [operationOf(name as KernelName), operation(name as KernelName)]),
  ),

  /** In JavaScript: gradients are few beside the work that made them, and a sum in float64 costs no more. */
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

function operation(name: KernelName): NativeKernel {
  const [inputs, outputs] = [descriptions[name].inputs, descriptions[name].outputs].map((fields) =>
    Object.entries(fields),
  );
  const read = (backend: NativeBackend, tensor: TensorInfo | undefined, type: string | undefined) =>
    tensor === undefined ? null : type === 'int32_t' ? backend.ints(tensor) : backend.floats(tensor);
  return (backend, tensors, numbers) => {
    const arrays: Record<string, Float32Array | Int32Array | null> = {};
    for (const [input, { type }] of inputs) arrays[input] = read(backend, tensors[input], type);
    const made: TensorInfo[] = [];
    for (const [output, { shape, like, with: input }] of outputs) {
      arrays[output] = null;
      if (input !== undefined && arrays[input] === null) continue;
      const { info, values } = backend.allocate(like === undefined ? shape(numbers as never) : tensors[like].shape);
      arrays[output] = values;
      made.push(info);
    }
    backend.kernels[name](numbers as never, arrays as never);
    return made;
  };
}
