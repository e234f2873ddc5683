import { tf } from '../foundation/tfjs.js';
import type { backend_util, DataType, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { SMALLEST_POOLED, type FloatMemory } from './buffer-pool.js';
import { descriptions, type Kernels } from './kernels/index.js';
import { NativeBackend, registerKernels, type NativeKernel } from './native-backend.js';

const NAME = 'counting';

/**
 * Returns the peak memory, in bytes, of the arrays that `run` would hold on a `NativeBackend`. Counts arrays of tensors
 * in use, arrays idle in the pool, and the copies of arrays that were read, never freed. `run` executes on a backend
 * whose kernels do nothing and whose arrays of `SMALLEST_POOLED` numbers or more have no memory. So the time grows with
 * the number of operations, not with their size. Shorter tensors are read as zeros, longer ones as empty arrays. The
 * backend in use is the same afterwards.
 * @param run synchronous; disposes the tensors that it keeps
 */
export function countBytes(run: () => void): number {
  return countMemory(run).mostBytes;
}

/**
 * Returns the bytes of the largest tensor that `run` would make on a `NativeBackend`, counted as by `countBytes`.
 * @param run synchronous; disposes the tensors that it keeps
 */
export function countLargestTensor(run: () => void): number {
  return countMemory(run).largestBytes;
}

function countMemory(run: () => void): CountedMemory {
  // If no backend is in use yet, this puts the best one in use.
  tf.backend();
  const before = tf.getBackend();
  const backend = new CountingBackend();
  tf.registerBackend(NAME, () => backend, 0);
  registerKernels(NAME, shapes);
  try {
    // Both switch before they return: no backend here starts asynchronously.
    void tf.setBackend(NAME);
    tf.tidy(run);
  } finally {
    void tf.setBackend(before);
    tf.removeBackend(NAME);
  }
  return backend.held;
}

/**
 * Maximum bytes of unreferenced arrays that JavaScript still holds. V8 collects them once 64 MiB are new outside of its
 * heap (`kExternalAllocationSoftLimit`).
 */
const MAX_GARBAGE = 64 * 2 ** 20;

/**
 * Counter of the bytes of arrays without memory: arrays of the pool, and arrays of JavaScript, which are garbage until
 * collected.
 */
class CountedMemory implements FloatMemory {
  readonly copiesOthers = false;
  private readonly bytesOf = new WeakMap<object, number>();
  private bytes = 0;
  private most = 0;
  private garbage = 0;
  /** Bytes of the largest array. */
  largestBytes = 0;

  get mostBytes(): number {
    return this.most + Math.min(this.garbage, MAX_GARBAGE);
  }

  make(length: number): Float32Array {
    const values = new Float32Array(0);
    this.add(values, values.BYTES_PER_ELEMENT * length);
    return values;
  }

  free(values: Float32Array): void {
    this.bytes -= this.bytesOf.get(values)!;
  }

  /** Counts an array, which `array`, any object, stands for. */
  add(array: object, bytes: number): void {
    this.bytesOf.set(array, bytes);
    this.bytes += bytes;
    this.most = Math.max(this.most, this.bytes);
    this.largestBytes = Math.max(this.largestBytes, bytes);
  }

  /** Counts a copy of an array, which its reader is assumed to hold forever. */
  copy(array: object): void {
    this.add({}, this.bytesOf.get(array) ?? 0);
  }

  /** Counts an array of JavaScript as garbage. */
  leave(array: object): void {
    const bytes = this.bytesOf.get(array) ?? 0;
    this.bytes -= bytes;
    this.garbage += bytes;
  }
}

class CountingBackend extends NativeBackend {
  constructor(readonly held = new CountedMemory()) {
    const computes = Object.keys(descriptions).map((name) => [name, () => undefined]);
    const kernels = { ...Object.fromEntries(computes), memory: held } as unknown as Kernels;
    super(kernels, { ...kernels });
  }

  /** Stores zeros, or an empty array instead of `SMALLEST_POOLED` numbers or more. */
  override write(_: backend_util.BackendValues, shape: number[], dtype: DataType): object {
    const size = tf.util.sizeFromShape(shape);
    const zeros = tf.util.getTypedArrayFromDType(dtype as 'float32', size < SMALLEST_POOLED ? size : 0);
    const dataId = super.write(zeros, shape, dtype);
    this.held.add(dataId, tf.util.bytesPerElement(dtype) * size);
    return dataId;
  }

  override readSync(dataId: object): backend_util.BackendValues {
    const values = super.readSync(dataId);
    for (const counted of [dataId, this.data.get(dataId).values as object]) this.held.copy(counted);
    return values;
  }

  override disposeData(dataId: object, force?: boolean): boolean {
    const disposed = super.disposeData(dataId, force);
    if (!this.data.has(dataId)) this.held.leave(dataId);
    return disposed;
  }
}

type Shape = number[];
type ShapeOf = (shapes: readonly Shape[], attributes: NamedAttrMap) => Shape;

/**
 * Returns a kernel that makes a tensor of the right shape without computing values. Default type: that of the last
 * input.
 */
function shaped(shapeOf: ShapeOf, dtype?: DataType): NativeKernel {
  return (backend, given, attributes) => {
    const inputs = Object.values(given);
    const shapes = inputs.map((input) => input.shape);
    const shape = shapeOf(shapes, attributes);
    const type = dtype ?? (attributes.dtype as DataType | undefined) ?? inputs.at(-1)!.dtype;
    return { dataId: backend.write(null as never, shape, type), shape, dtype: type };
  };
}

const broadcast: ShapeOf = (shapes) => shapes.reduce((a, b) => tf.broadcast_util.assertAndGetBroadcastShape(a, b));
const reduced: ShapeOf = ([x], { axis, keepDims }) => {
  const axes = tf.util.parseAxisParam(axis as number | number[], x);
  const kept = tf.backend_util.computeOutAndReduceShapes(x, axes)[0];
  return keepDims ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept;
};
const all = (names: readonly string[], kernel: NativeKernel) => Object.fromEntries(names.map((name) => [name, kernel]));

/**
 * Substitutes for the tfjs CPU kernels in use. An operation without a substitute runs the tfjs kernel on empty arrays:
 * the count is the same, only slower.
 */
const shapes: Readonly<Record<string, NativeKernel>> = {
  ...all([tf.Neg, tf.Log1p, tf.ClipByValue, tf.ZerosLike, tf.OnesLike, tf.Round, tf.LogicalNot], shaped(broadcast)),
  ...all([tf.Add, tf.AddN, tf.Sub, tf.Multiply, tf.RealDiv, tf.SquaredDifference], shaped(broadcast)),
  ...all([tf.Minimum, tf.Maximum, tf.Select], shaped(broadcast)),
  ...all([tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual, tf.LogicalAnd], shaped(broadcast, 'bool')),
  ...all([tf.Sum, tf.Mean], shaped(reduced)),
  [tf.Fill]: shaped((_, { shape }) => shape as Shape),
  [tf.Tile]: shaped(([x], { reps }) => x.map((side, axis) => side * (reps as Shape)[axis])),
  [tf.PadV2]: shaped(([x], { paddings }) =>
    x.map((side, axis) => (paddings as Shape[])[axis].reduce((sum, more) => sum + more, side)),
  ),
  [tf.Pack]: shaped((xs, { axis }) => xs[0].toSpliced(axis as number, 0, xs.length)),
  [tf.Slice]: shaped(
    ([x], { begin, size }) =>
      tf.slice_util.parseSliceParams({ shape: x } as TensorInfo, begin as Shape, size as Shape)[1],
  ),
  [tf.StridedSlice]: shaped(([x], { begin, end, strides, beginMask, endMask }) => {
    const masks = [beginMask, endMask, 0, 0, 0] as [number, number, number, number, number];
    return tf.slice_util.sliceInfo(x, begin as Shape, end as Shape, strides as Shape, ...masks).finalShape;
  }),
};
