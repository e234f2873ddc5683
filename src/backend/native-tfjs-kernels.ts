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
    const rows = tf.util.sizeFromShape(outShape.slice(0, axis));
    const { dataId } = concatRows(backend, tensors, rows);
    return { dataId, shape: outShape, dtype: 'float32' };
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
 * Returns a kernel that combines two tensors element by element, with `b` repeated over `a`, or one value of `b` over
 * each slice of `a` (see `isPerSlice`); if `commute`, either over the other. (tfjs's own kernel computes indices for
 * each value.)
 */
function pairwise(kernel: 'add' | 'subtract' | 'multiply' | 'divide', commute: boolean): NativeKernel {
  return (backend, { a, b }) => {
    const fits = (part: TensorInfo, whole: TensorInfo) => repeats(part, whole) || isPerSlice(part, whole);
    const [whole, part] = commute && !fits(b, a) ? [b, a] : [a, b];
    if (!areFloats(a, b) || !fits(part, whole)) return null;
    if (!repeats(part, whole)) {
      const { info, values } = backend.allocate(whole.shape);
      const [wholes, parts] = [backend.floats(whole), backend.floats(part)];
      const count = tf.util.sizeFromShape(whole.shape) / whole.shape[0];
      for (let i = 0; i < whole.shape[0]; i++) {
        const slice = (of: Float32Array) => of.subarray(i * count, (i + 1) * count);
        const arrays = { a: slice(wholes), b: parts.subarray(i, i + 1), out: slice(values) };
        backend.kernels[kernel]({ count, period: 1 }, arrays);
      }
      return info;
    }
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

/** Returns true if `part` has one value for each slice of the first axis of `whole`, and as many axes. */
function isPerSlice({ shape: part }: TensorInfo, { shape: whole }: TensorInfo): boolean {
  return part.length === whole.length && part[0] === whole[0] && tf.util.sizeFromShape(part) === part[0];
}

/** Maximum number of arrays that the kernel `concatRows` joins. */
const MAX_JOINED = 4;

/**
 * Concatenates the rows of tensors, each regarded as [rows, columns], four at a time.
 * @returns tensor [rows, sum of columns]
 */
function concatRows(backend: NativeBackend, tensors: readonly TensorInfo[], rows: number): TensorInfo {
  if (tensors.length > MAX_JOINED) {
    const groups = Array.from({ length: Math.ceil(tensors.length / MAX_JOINED) }, (_, at) =>
      concatRows(backend, tensors.slice(MAX_JOINED * at, MAX_JOINED * (at + 1)), rows),
    );
    const joined = concatRows(backend, groups, rows);
    for (const { dataId } of groups) backend.disposeData(dataId);
    return joined;
  }
  const [columnsA, columnsB = 0, columnsC = 0, columnsD = 0] = tensors.map(
    ({ shape }) => tf.util.sizeFromShape(shape) / rows,
  );
  const [a, b, c, d] = tensors;
  return backend.run('concatRows', { a, b, c, d }, { rows, columnsA, columnsB, columnsC, columnsD })[0];
}

/** Splits a tensor along an axis into parts of the given sizes. Removes the axis if not `kept`. */
function partsAlong(backend: NativeBackend, x: TensorInfo, axis: number, sizes: number[], kept: boolean): TensorInfo[] {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const inner = tf.util.sizeFromShape(after);
  const rows = tf.util.sizeFromShape(before);
  const columns = x.shape[axis] * inner;
  let first = 0;
  return sizes.map((size) => {
    const length = size * inner;
    const [{ dataId }] = backend.run('sliceRows', { x }, { rows, columns, first, length });
    first += length;
    return { dataId, shape: [...before, ...(kept ? [size] : []), ...after], dtype: 'float32' };
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
