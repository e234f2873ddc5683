/**
 * Tap of a convolution: one offset of the kernel, with its weight matrix. A convolution is a list of taps. This form
 * covers masked, ordinary and (as input gradient) transposed convolutions.
 *
 *     out[n, y, x, o] = sum over taps t, and over features k < t.sees[group of o], of
 *                         in[n, y * stride + t.dy, x * stride + t.dx, k] * weights[t.position, k, o]
 *                       + bias[o] + plus[n, y, x, o]
 *
 * The input is zero outside the image. Tensors are NHWC; weights are HWIO, and `position` counts their height x width
 * places in raster order. The order of the sum is contract: taps in the order listed (raster order), features
 * ascending, one accumulator an output, then the bias, then the added map.
 */
export interface Tap {
  /** Offset of the input pixel, rows down. */
  dy: number;
  /** Offset of the input pixel, columns to the right. */
  dx: number;
  /** Index of the tap's weight matrix among the kernel's height x width matrices. */
  position: number;
  /** Number of leading input features that each output group reads, never decreasing from group to group. */
  sees: readonly number[];
}

/** Shape of a convolution: input, output, stride, kernel, output groups and taps; see `Tap` for the sum. */
export interface ConvolutionShape {
  inHeight: number;
  inWidth: number;
  inFeatures: number;
  outHeight: number;
  outWidth: number;
  outFeatures: number;
  /** Stride: input pixels from one output pixel to the next, the same in both directions. */
  stride: number;
  /** Height and width of the weights; weights have the shape [height, width, inFeatures, outFeatures]. */
  kernel: { height: number; width: number };
  /** Sizes of the output groups, in order; their sum is outFeatures. */
  groups: readonly number[];
  /** Taps, in the order in which they are summed. */
  taps: readonly Tap[];
  /**
   * Arrays that are stored in bf16, with two features in each float32, the first in the lower half. Only kernels with
   * products in bf16 read and write such arrays. Default: none.
   */
  inBf16?: Bf16Arrays;
}

/** Arrays of a convolution that are stored in bf16. The number of features of such an array is even. */
export interface Bf16Arrays {
  /** The input, its gradient, and what is added to the gradient. */
  x: boolean;
  /** The output, its gradient, and what is added to the output. */
  out: boolean;
}

/** Shape of an ordinary convolution, in which every output reads every feature of every tap. */
export interface DenseConvolution extends Omit<ConvolutionShape, 'groups' | 'taps'> {
  /** Rows of zeros above the image. The padding below and to the right follows from the sizes. */
  top: number;
  /** Columns of zeros to the left of the image. */
  left: number;
}

/** Returns the shape of an ordinary convolution as a list of taps in one group. */
export function denseConvolution({ top, left, ...shape }: DenseConvolution): ConvolutionShape {
  const { height, width } = shape.kernel;
  const taps = Array.from({ length: height * width }, (_, position) => ({
    dy: Math.floor(position / width) - top,
    dx: (position % width) - left,
    position,
    sees: [shape.inFeatures],
  }));
  return { ...shape, groups: [shape.outFeatures], taps };
}

/** Part of a convolution's shape that its parameters depend on. */
export type ParameterShape = Pick<ConvolutionShape, 'kernel' | 'inFeatures' | 'outFeatures' | 'groups' | 'taps'>;

/**
 * Returns the mask of a convolution's weights: 1 where a weight is used, 0 where it is masked, [height, width,
 * inFeatures, outFeatures], row-major.
 */
export function filterMask({ kernel, inFeatures, outFeatures, groups, taps }: ParameterShape): Float32Array {
  const mask = new Float32Array(kernel.height * kernel.width * inFeatures * outFeatures);
  for (const { position, sees } of taps) {
    let first = 0;
    groups.forEach((size, group) => {
      for (let k = 0; k < sees[group]; k++) {
        const row = (position * inFeatures + k) * outFeatures;
        mask.fill(1, row + first, row + first + size);
      }
      first += size;
    });
  }
  return mask;
}

type Shape4D = [number, number, number, number];

/** Returns the shape of a convolution's input in float32: [batch, height, width, features]. */
export function inputShape({ inHeight, inWidth, inFeatures }: ConvolutionShape, batch: number): Shape4D {
  return [batch, inHeight, inWidth, inFeatures];
}

/** Returns the shape of a convolution's output in float32: [batch, height, width, features]. */
export function outputShape({ outHeight, outWidth, outFeatures }: ConvolutionShape, batch: number): Shape4D {
  return [batch, outHeight, outWidth, outFeatures];
}

/** Returns the shape of an array in memory: if `inBf16`, two features share a float32. @param shape in float32 */
export function storedShape([batch, height, width, features]: Shape4D, inBf16 = false): Shape4D {
  return [batch, height, width, inBf16 ? features / 2 : features];
}

/** Returns the shape of a convolution's weights: [height, width, inFeatures, outFeatures]. */
export function weightShape({ kernel, inFeatures, outFeatures }: ConvolutionShape): Shape4D {
  return [kernel.height, kernel.width, inFeatures, outFeatures];
}
