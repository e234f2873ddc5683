import { MathBackendCPU, tf } from '../foundation/tfjs.js';
import type { backend_util, DataType, KernelConfig, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { BufferPool, SMALLEST_POOLED } from './buffer-pool.js';
import { descriptions, type KernelName, type KernelNumbers, type Kernels } from './kernels/index.js';
import { nativeTfjsKernels } from './native-tfjs-kernels.js';
import { GLOBAL_NORM, operationOf } from './operation.js';

/** Maximum bytes that the pool of a `NativeBackend` keeps idle. */
const MAX_IDLE_BYTES = 2 ** 31;

/**
 * CPU backend of tfjs with pxv's kernels where they exist, and with pooled memory. tfjs shares arrays freely (slices
 * are views, dataSync returns the array itself). So a pooled array belongs to one tensor alone: `write` and `readSync`
 * copy pooled arrays.
 */
export class NativeBackend extends MathBackendCPU {
  /** Pool of the memory of disposed tensors. */
  readonly pool: BufferPool;

  /**
   * @param current kernels to compute with, except within `inBf16`
   * @param bf16 kernels whose products are in bf16, for `inBf16`; null: there are none
   */
  constructor(
    private current: Kernels,
    readonly bf16: Kernels | null = null,
  ) {
    super();
    this.pool = new BufferPool(current.memory, MAX_IDLE_BYTES);
    silenceGreeting(this);
  }

  /** Kernels that compute now. */
  get kernels(): Kernels {
    return this.current;
  }

  /** Runs `compute` with products in bf16 and returns its result. Requires `bf16` not to be null. */
  inBf16<T>(compute: () => T): T {
    const { current } = this;
    this.current = this.bf16!;
    try {
      return compute();
    } finally {
      this.current = current;
    }
  }

  /**
   * Allocates a float32 tensor with unspecified values, for a kernel to fill.
   * @throws PxvError `RESOURCES` if memory is exhausted
   */
  allocate(shape: readonly number[]): { info: TensorInfo; values: Float32Array } {
    const values = this.pool.take(tf.util.sizeFromShape([...shape]));
    const dataId = super.write(values, [...shape], 'float32');
    return { info: { dataId, shape: [...shape], dtype: 'float32' }, values };
  }

  /**
   * Returns the values of a tensor as they lie in memory; a copy only if tfjs stored another type in a float32 tensor.
   */
  floats({ dataId }: TensorInfo): Float32Array {
    const values = this.data.get(dataId).values as backend_util.TypedArray;
    return values[Symbol.toStringTag] === 'Float32Array' ? (values as Float32Array) : Float32Array.from(values);
  }

  /** Returns the values of an int32 tensor, as `floats` does. */
  private ints({ dataId }: TensorInfo): Int32Array {
    const values = this.data.get(dataId).values as backend_util.TypedArray;
    return values[Symbol.toStringTag] === 'Int32Array' ? (values as Int32Array) : Int32Array.from(values);
  }

  /**
   * Runs a kernel on tensors and returns its outputs.
   * @param tensors inputs by name; a missing input is null
   * @throws PxvError `RESOURCES` if memory is exhausted; `USAGE` if an array does not fit `numbers`
   */
  run<K extends KernelName>(
    name: K,
    tensors: Readonly<Record<string, TensorInfo | undefined>>,
    numbers: KernelNumbers<K>,
  ): TensorInfo[] {
    const { inputs, outputs } = descriptions[name];
    const arrays: Record<string, Float32Array | Int32Array | null> = {};
    for (const [input, { type }] of Object.entries(inputs)) {
      const tensor = tensors[input];
      arrays[input] = tensor === undefined ? null : type === 'int32_t' ? this.ints(tensor) : this.floats(tensor);
    }
    const made: TensorInfo[] = [];
    for (const [output, { shape, like, with: input }] of Object.entries(outputs)) {
      arrays[output] = null;
      if (input !== undefined && arrays[input] === null) continue;
      const { info, values } = this.allocate(like === undefined ? shape(numbers as never) : tensors[like]!.shape);
      arrays[output] = values;
      made.push(info);
    }
    this.kernels[name](numbers as never, arrays as never);
    return made;
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): object {
    if (this.isPooled(values)) return super.write(values.slice(), shape, dtype);
    const isLong = values instanceof Float32Array && values.length >= SMALLEST_POOLED;
    if (!isLong || !this.current.memory.copiesOthers) return super.write(values, shape, dtype);
    // Outside of the pool, each kernel would copy the values.
    const moved = this.pool.take(values.length);
    moved.set(values);
    return super.write(moved, shape, dtype);
  }

  override readSync(dataId: object): backend_util.BackendValues {
    const values = super.readSync(dataId);
    return this.isPooled(values) ? values.slice() : values;
  }

  override disposeData(dataId: object, force?: boolean): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const disposed = super.disposeData(dataId, force);
    if (this.isPooled(values) && !this.data.has(dataId)) this.pool.release(values);
    return disposed;
  }

  private isPooled(values: backend_util.BackendValues | undefined): values is Float32Array {
    return ArrayBuffer.isView(values) && this.pool.owns(values);
  }
}

/**
 * Kernel of tfjs on the native backend. Returns null for a case without a native implementation, which tfjs's own CPU
 * kernel then computes.
 */
export type NativeKernel = (
  backend: NativeBackend,
  inputs: Record<string, TensorInfo>,
  attributes: NamedAttrMap,
) => TensorInfo | TensorInfo[] | null;

/** Returns the backend in use if it is a `NativeBackend`, else null. */
export function nativeBackend(): NativeBackend | null {
  const backend: unknown = tf.backend();
  return backend instanceof NativeBackend ? backend : null;
}

/**
 * Frees the idle memory of the backend in use, for when tensors of other lengths follow. Does nothing on other backends
 * than the native one.
 */
export function freeIdleMemory(): void {
  nativeBackend()?.pool.clear();
}

/** Silences the message that the CPU backend prints on first use, an advertisement for another backend. */
export function silenceGreeting(backend: InstanceType<typeof MathBackendCPU>): void {
  Reflect.set(backend, 'firstUse', false);
}

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
