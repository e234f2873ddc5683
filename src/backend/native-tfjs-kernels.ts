import { tf } from '../foundation/tfjs.js';
import type { backend_util, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { ordinaryConvolution } from './ordinary-convolution.js';
import type { NativeBackend, NativeKernel } from './native-backend.js';

/** Native implementations of the tfjs kernels that dominate training time, by tfjs's names. */
export const nativeTfjsKernels: Record<string, NativeKernel> = {
  [tf.Conv2D](backend, { x, filter }, attributes) {
    const numbers = areFloats(x, filter) && numbersOf(x.shape, filter.shape, attributes);
    return numbers ? backend.run('convolution', { x, weights: filter }, numbers)[0] : null;
  },

  [tf.Conv2DBackpropInput](backend, { dy, filter }, attributes) {
    const numbers = areFloats(dy, filter) && numbersOf(attributes.inputShape as number[], filter.shape, attributes);
    return numbers ? backend.run('convolutionInputGradient', { dy, weights: filter }, numbers)[0] : null;
  },

  /** Leaves out the bias gradient, which `run` would compute as well. */
  [tf.Conv2DBackpropFilter](backend, { x, dy }, attributes) {
    const filterShape = attributes.filterShape as number[];
    const numbers = areFloats(x, dy) && numbersOf(x.shape, filterShape, attributes);
    if (!numbers) return null;
    const { info, values: dWeights } = backend.allocate(filterShape);
    const given = { x: backend.floats(x), dy: backend.floats(dy), dBias: null };
    backend.kernels.convolutionFilterGradient(numbers, { ...given, dWeights });
    return info;
  },

  [tf.BatchMatMul](backend, { a, b }, attributes) {
    if (!areFloats(a, b)) return null;
    const transposeA = attributes.transposeA as boolean;
    const transposeB = attributes.transposeB as boolean;
    const [m, k] = lastTwo(a.shape, transposeA);
    const [, n] = lastTwo(b.shape, transposeB);
    const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const { info, values } = backend.allocate([...outer, m, n]);
    const matrices = (from: Float32Array, size: number) => (index: number) => {
      const start = (index * size) % from.length;
      return from.subarray(start, start + size);
    };
    const aAt = matrices(backend.floats(a), m * k);
    const bAt = matrices(backend.floats(b), k * n);
    const outAt = matrices(values, m * n);
    for (let i = 0; i * m * n < values.length; i++)
      backend.kernels.matMul({ m, n, k, transposeA, transposeB }, { a: aAt(i), b: bAt(i), out: outAt(i) });
    return info;
  },

  [tf.Relu](backend, { x }) {
    return areFloats(x) ? backend.run('relu', { x }, { count: tf.util.sizeFromShape(x.shape) })[0] : null;
  },

  [tf.Add]: pairwise('add', true),
  [tf.Sub]: pairwise('subtract', false),
  [tf.Multiply]: pairwise('multiply', true),
  [tf.RealDiv]: pairwise('divide', false),

  /** Used as the gradient of a subtraction. */
  [tf.Neg](backend, { x }) {
    if (!areFloats(x)) return null;
    const { info, values } = backend.allocate(x.shape);
    const from = backend.floats(x);
    for (let j = 0; j < values.length; j++) values[j] = -from[j];
    return info;
  },

  [tf.Concat](backend, inputs, attributes) {
    const tensors = Object.values(inputs);
    if (!areFloats(...tensors)) return null;
    const [axis] = tf.util.parseAxisParam(attributes.axis as number, tensors[0].shape);
    const inShapes = tensors.map(({ shape }) => shape);
    const outShape = tf.backend_util.computeOutShape(inShapes, axis);
    const { info, values } = backend.allocate(outShape);
    const outer = tf.util.sizeFromShape(outShape.slice(0, axis));
    const row = values.length / outer;
    let first = 0;
    for (const tensor of tensors) {
      const from = backend.floats(tensor);
      const run = from.length / outer;
      for (let start = first, next = 0; next < from.length; start += row, next += run)
        copyRun(from, next, values, start, run);
      first += run;
    }
    return info;
  },

  /** Used as the gradient of a concatenation. */
  [tf.SplitV](backend, { x }, attributes) {
    if (!areFloats(x)) return null;
    const [axis] = tf.util.parseAxisParam(attributes.axis as number, x.shape);
    const sizes = tf.backend_util.prepareSplitSize(x, attributes.numOrSizeSplits as number[], axis);
    return partsAlong(backend, x, axis, sizes, true);
  },

  /** Used as the gradient of a stack. */
  [tf.Unpack](backend, { value }, attributes) {
    if (!areFloats(value)) return null;
    const [axis] = tf.util.parseAxisParam(attributes.axis as number, value.shape);
    return partsAlong(backend, value, axis, new Array<number>(value.shape[axis]).fill(1), false);
  },

  /** Reverses one axis, as to mirror images. */
  [tf.Reverse](backend, { x }, attributes) {
    const axes = tf.util.parseAxisParam(attributes.dims as number | number[], x.shape);
    if (!areFloats(x) || axes.length !== 1) return null;
    const [axis] = axes;
    const { info, values } = backend.allocate(x.shape);
    const from = backend.floats(x);
    const run = tf.util.sizeFromShape(x.shape.slice(axis + 1));
    const row = run * x.shape[axis];
    for (let start = 0; start < values.length; start += row) {
      for (let to = start, last = start + row - run; last >= start; last -= run) {
        for (let j = 0; j < run; j++) values[to++] = from[last + j];
      }
    }
    return info;
  },

  [tf.Sum](backend, { x }, attributes) {
    const axes = tf.util.parseAxisParam(attributes.axis as number | number[], x.shape);
    const isLeading = axes.every((axis, i) => axis === i);
    if (!areFloats(x) || !isLeading) return null;
    const rows = tf.util.sizeFromShape(x.shape.slice(0, axes.length));
    const rest = x.shape.slice(axes.length);
    const { info, values } = backend.allocate(attributes.keepDims ? [...axes.map(() => 1), ...rest] : rest);
    backend.kernels.sumRows({ rows, columns: values.length }, { x: backend.floats(x), out: values });
    return info;
  },
};

function areFloats(...tensors: TensorInfo[]): boolean {
  return tensors.every(({ dtype, shape }) => dtype === 'float32' && tf.util.sizeFromShape(shape) > 0);
}

/**
 * Returns a kernel that combines two tensors element by element, with `b` repeated over `a`; if `commute`, either over
 * the other. (tfjs's own kernel computes indices for each value.)
 */
function pairwise(kernel: 'add' | 'subtract' | 'multiply' | 'divide', commute: boolean): NativeKernel {
  return (backend, { a, b }) => {
    const [whole, part] = commute && !repeats(b, a) ? [b, a] : [a, b];
    if (!areFloats(a, b) || !repeats(part, whole)) return null;
    const count = tf.util.sizeFromShape(whole.shape);
    const period = tf.util.sizeFromShape(part.shape);
    return backend.run(kernel, { a: whole, b: part }, { count, period })[0];
  };
}

/** Returns true if `part` is one value, or has the shape of the trailing axes of `whole`. */
function repeats({ shape: part }: TensorInfo, { shape: whole }: TensorInfo): boolean {
  const trailing = whole.slice(whole.length - part.length);
  return part.length <= whole.length && (tf.util.sizeFromShape(part) === 1 || tf.util.arraysEqual(part, trailing));
}

/** Number of values from which on a block copy is faster than a loop. */
const BLOCK = 128;

/**
 * Copies `count` values of `from`, from index `start` on, to `into` at index `to`. Does nothing if `into` is empty, as
 * arrays without memory are (see counting-backend.ts).
 */
function copyRun(from: Float32Array, start: number, into: Float32Array, to: number, count: number): void {
  if (into.length === 0) return;
  if (count >= BLOCK) return into.set(from.subarray(start, start + count), to);
  for (let j = 0; j < count; j++) into[to + j] = from[start + j];
}

/** Splits a tensor along an axis into parts of the given sizes. Removes the axis if not `kept`. */
function partsAlong(backend: NativeBackend, x: TensorInfo, axis: number, sizes: number[], kept: boolean): TensorInfo[] {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const from = backend.floats(x);
  const inner = tf.util.sizeFromShape(after);
  const row = x.shape[axis] * inner;
  let first = 0;
  return sizes.map((size) => {
    const { info, values } = backend.allocate([...before, ...(kept ? [size] : []), ...after]);
    const run = size * inner;
    for (let start = first, to = 0; to < values.length; start += row, to += run) copyRun(from, start, values, to, run);
    first += run;
    return info;
  });
}

function lastTwo(shape: number[], transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** Returns the arguments of a convolution kernel; null if the convolution is not an ordinary one. */
function numbersOf(xShape: number[], filterShape: number[], attributes: NamedAttrMap) {
  if (attributes.dataFormat !== 'NHWC') return null;
  const info = tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attributes.strides as number | [number, number],
    (attributes.dilations as number | [number, number] | undefined) ?? 1,
    attributes.pad as 'valid' | 'same' | number | backend_util.ExplicitPadding,
    attributes.dimRoundingMode as 'floor' | 'round' | 'ceil',
  );
  const shape = ordinaryConvolution(info);
  return shape && { shape, batch: info.batchSize, relu: false };
}
