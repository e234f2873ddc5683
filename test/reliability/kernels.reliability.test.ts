import { denseConvolution, type ConvolutionShape } from '../../src/backend/convolution-shape.js';
import type { KernelDescription, NumberField } from '../../src/backend/kernels/description.js';
import { descriptions, earlierMethods, type Kernels } from '../../src/backend/kernels/index.js';
import type { ScanShape } from '../../src/backend/scan-shape.js';
import { expectRims, guardedArray, type AnyArray } from '../backend/guarded-array.js';
import { namedKernels } from '../backend/implementations.js';
import { testAttack } from './attack.js';
import type { Mutation } from './mutation.js';

type Values = Record<string, unknown>;

/** Most values of an array; larger ones are left at the size that they had. */
const LARGEST = 20_000;

const floats = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 255, 256, 3.4e38, -3.4e38, 1e-45, 65504, 2 ** 31, -(2 ** 31)];

function fill(mutation: Mutation, array: AnyArray, below: number): void {
  const isHostile = mutation.next() < 0.5;
  const isFloat = array instanceof Float32Array || array instanceof Float64Array;
  for (let at = 0; at < array.length; at++)
    array[at] = isFloat
      ? isHostile && mutation.next() < 0.3
        ? mutation.pick(floats)
        : 4 * mutation.next() - 1
      : mutation.below(below);
}

function scanShape(mutation: Mutation): ScanShape {
  const side = () => 1 + mutation.below(5);
  return {
    height: side(),
    width: side(),
    scanOrder: mutation.pick(['rows', 'diagonals', 'mirrored-diagonals']),
    groups: Array.from({ length: 1 + mutation.below(3) }, side),
  };
}

function convolutionShape(mutation: Mutation): ConvolutionShape {
  const side = () => 1 + mutation.below(5);
  const [inHeight, inWidth, outHeight, outWidth] = [side(), side(), side(), side()];
  const kernel = { height: 1 + mutation.below(3), width: 1 + mutation.below(3) };
  const features = { inFeatures: side(), outFeatures: side() };
  const offsets = { top: mutation.below(3), left: mutation.below(3), stride: 1 + mutation.below(3) };
  return denseConvolution({ inHeight, inWidth, outHeight, outWidth, kernel, ...features, ...offsets });
}

/** Changes a number of a shape to a hostile one, or cuts a list off. */
function spoilt(mutation: Mutation, shape: object): object {
  const copy = structuredClone(shape) as Record<string, unknown>;
  const name = mutation.pick(Object.keys(copy));
  const value = copy[name];
  if (Array.isArray(value) && mutation.next() < 0.2) value.pop();
  else if (Array.isArray(value) && value.length === 0) value.push(1);
  else if (typeof value === 'object' && value !== null) copy[name] = spoilt(mutation, value);
  else if (typeof value === 'number') copy[name] = mutation.number();
  return copy;
}

function numberIn(mutation: Mutation, { type, min = 0, max = 2 ** 31 - 1 }: NumberField): number | boolean {
  if (type === 'boolean') return mutation.next() < 0.5;
  if (type === 'int32') return Math.max(min, 0) + mutation.below(Math.min(max - Math.max(min, 0) + 1, 6));
  return mutation.next() < 0.2 ? mutation.pick(floats) : mutation.next();
}

interface Call {
  kernels: Kernels;
  numbers: Values;
  arrays: Record<string, AnyArray | null>;
}

/** Makes a call of a kernel: one that fits its description, with up to two hostile numbers or arrays. */
function makeCall(mutation: Mutation, { numbers, inputs, outputs }: KernelDescription): Call {
  const { kernels } = mutation.pick(namedKernels);
  const values: Values = {};
  for (const [name, field] of Object.entries(numbers.fields)) values[name] = numberIn(mutation, field);
  const isScan = 'gates' in inputs || 'dOut' in inputs;
  if (numbers.geometry) values.shape = isScan ? scanShape(mutation) : convolutionShape(mutation);
  if ('headKind' in numbers.fields) {
    values.outFeatures = 6 * (values.levels as number) + mutation.below(2);
    values.capacity = 4 * (values.pixels as number) * (values.colours as number) + 8 + mutation.below(9);
  }
  const before = { ...values };
  for (let left = mutation.below(3); left > 0; left--) {
    const name = mutation.pick(Object.keys(values));
    values[name] = name === 'shape' ? spoilt(mutation, values.shape as object) : mutation.number();
  }
  const arrays: Call['arrays'] = {};
  for (const [name, { type = 'float', shape, below, optional, with: input }] of Object.entries({
    ...inputs,
    ...outputs,
  })) {
    const sizes = [values, before].map((of) => {
      try {
        return shape(of as never).reduce((product, size) => product * size, 1);
      } catch {
        // A shape that lacks a part has no size.
        return NaN;
      }
    });
    const length = sizes.find((size) => Number.isInteger(size) && size >= 0 && size <= LARGEST) ?? 0;
    const array = guardedArray(type, mutation.next() < 0.02 ? Math.max(0, length + mutation.below(3) - 1) : length);
    if (name in inputs) fill(mutation, array, below?.(before as never) ?? 256);
    const isAbsent = input === undefined ? optional && mutation.next() < 0.3 : arrays[input] === null;
    arrays[name] = isAbsent || mutation.next() < 0.005 ? null : array;
  }
  return { kernels, numbers: values, arrays };
}

const isSlow = (name: string) => earlierMethods.some((method) => method === name);

for (const [name, description] of Object.entries(descriptions))
  testAttack(`the kernel ${name}`, {
    cases: [100, isSlow(name) ? 5000 : 20_000],
    make: (mutation) => makeCall(mutation, description),
    run: ({ kernels, numbers, arrays }) => {
      try {
        (kernels as unknown as Record<string, (numbers: Values, arrays: object) => void>)[name](numbers, arrays);
      } finally {
        for (const [name, array] of Object.entries(arrays)) if (array) expectRims(name, array);
      }
    },
  });
