/**
 * Maps as the plainest float64 loops: dense convolutions, over whose weights the mask of 1601.06759, figure 2, is laid.
 */
import type { ParameterSpec } from '../../src/backend/parameters.js';
import type { Size } from '../../src/foundation/frame.js';

/** height x width x features. */
export interface Plane {
  height: number;
  width: number;
  features: number;
  values: Float64Array;
}

export type Numbers = ArrayLike<number>;

/** Parameters by name, with their shapes. */
export type ReferenceWeights = Map<string, { shape: readonly number[]; values: Numbers }>;

export function referenceWeights(specs: readonly ParameterSpec[], values: readonly Numbers[]): ReferenceWeights {
  return new Map(specs.map(({ name, shape }, index) => [name, { shape, values: values[index] }]));
}

/**
 * Colour of each feature: `features` cut into a group for each channel, in proportion or as even as can be, R first.
 */
export function colours(features: number, channels: number, widths: number[] | null = null): number[] {
  const whole = widths?.reduce((sum, width) => sum + width, 0) ?? 0;
  if (widths !== null) return widths.flatMap((width, c) => new Array<number>((features * width) / whole).fill(c));
  const size = (c: number) => Math.floor(features / channels) + (c < features % channels ? 1 : 0);
  return Array.from({ length: channels }, (_, c) => new Array<number>(size(c)).fill(c)).flat();
}

/** Rows or columns of zeros that 'same' padding puts before an image. */
function before(size: number, kernel: number, stride: number): number {
  const out = Math.ceil(size / stride);
  return Math.floor(Math.max(0, (out - 1) * stride + kernel - size) / 2);
}

interface ConvolveOptions {
  stride?: number;
  mask?: 'A' | 'B';
  channels?: number;
  /** How many of the outputs each colour has, in proportion; null: as even as can be. */
  widths?: number[] | null;
}

export function convolve(x: Plane, weights: ReferenceWeights, name: string, options: ConvolveOptions = {}): Plane {
  const { stride = 1, mask, channels = 1, widths = null } = options;
  const { shape, values } = weights.get(`${name}.weights`)!;
  const bias = weights.get(`${name}.bias`)!.values;
  const [kernelHeight, kernelWidth, from, to] = shape;
  const height = Math.ceil(x.height / stride);
  const width = Math.ceil(x.width / stride);
  const top = before(x.height, kernelHeight, stride);
  const left = before(x.width, kernelWidth, stride);
  const kernel = Float64Array.from(values);
  const centre = top * kernelWidth + left;
  if (mask !== undefined) {
    const colourIn = colours(from, channels);
    const colourOut = colours(to, channels, widths);
    const isSeen = (i: number, o: number) => (mask === 'A' ? colourIn[i] < colourOut[o] : colourIn[i] <= colourOut[o]);
    for (let i = 0; i < from; i++)
      for (let o = 0; o < to; o++) if (!isSeen(i, o)) kernel[(centre * from + i) * to + o] = 0;
  }
  const taps = mask === undefined ? kernelHeight * kernelWidth : centre + 1;
  const input = x.values;
  const out = new Float64Array(height * width * to);
  for (let tap = 0; tap < taps; tap++)
    for (let y = 0; y < height; y++) {
      const inRow = y * stride + Math.floor(tap / kernelWidth) - top;
      if (inRow < 0 || inRow >= x.height) continue;
      for (let at = 0; at < width; at++) {
        const inColumn = at * stride + (tap % kernelWidth) - left;
        if (inColumn < 0 || inColumn >= x.width) continue;
        for (let i = 0; i < from; i++) {
          const value = input[(inRow * x.width + inColumn) * from + i];
          const weight = (tap * from + i) * to;
          for (let o = 0; o < to; o++) out[(y * width + at) * to + o] += kernel[weight + o] * value;
        }
      }
    }
  for (let at = 0; at < out.length; at++) out[at] += bias[at % to];
  return { height, width, features: to, values: out };
}

/** The transpose of a convolution of some stride from a size, plus a bias. */
export function transposed(x: Plane, weights: ReferenceWeights, name: string, size: Size, stride: number): Plane {
  const { shape, values } = weights.get(`${name}.weights`)!;
  const bias = weights.get(`${name}.bias`)!.values;
  const [kernelHeight, kernelWidth, to, from] = shape;
  const { height, width } = size;
  const top = before(height, kernelHeight, stride);
  const left = before(width, kernelWidth, stride);
  const out = Float64Array.from({ length: height * width * to }, (_, at) => bias[at % to]);
  for (let y = 0; y < x.height; y++)
    for (let at = 0; at < x.width; at++)
      for (let row = 0; row < kernelHeight; row++)
        for (let column = 0; column < kernelWidth; column++) {
          const outRow = y * stride + row - top;
          const outColumn = at * stride + column - left;
          if (outRow < 0 || outRow >= height || outColumn < 0 || outColumn >= width) continue;
          for (let o = 0; o < to; o++)
            for (let i = 0; i < from; i++)
              out[(outRow * width + outColumn) * to + o] +=
                x.values[(y * x.width + at) * from + i] * values[((row * kernelWidth + column) * to + o) * from + i];
        }
  return { height, width, features: to, values: out };
}

export function relu(x: Plane): Plane {
  const values = x.values.slice();
  for (let at = 0; at < values.length; at++) if (values[at] < 0) values[at] = 0;
  return { ...x, values };
}

export function sum(a: Plane, b: Plane): Plane {
  const values = new Float64Array(a.values.length);
  for (let at = 0; at < values.length; at++) values[at] = a.values[at] + b.values[at];
  return { ...a, values };
}

export function concatenate(planes: Plane[]): Plane {
  const { height, width } = planes[0];
  const features = planes.reduce((sum, plane) => sum + plane.features, 0);
  const values = new Float64Array(height * width * features);
  let at = 0;
  for (let i = 0; i < height * width; i++)
    for (const plane of planes)
      for (let k = 0; k < plane.features; k++) values[at++] = plane.values[i * plane.features + k];
  return { height, width, features, values };
}
