import { errorFactory, type PxvError } from '../../foundation/errors.js';
import type { ConvolutionShape } from '../convolution-shape.js';
import { previousCellOffset, stateToState, scanSteps, type ScanShape } from '../scan-shape.js';
import type { Geometry } from './description.js';

/** Returns a `USAGE` error for an invalid argument of a kernel or operation. @param expected, received in words */
export function argumentError(operation: string, argument: string, expected: string, received: string): PxvError {
  return errorFactory('USAGE', operation)(argument, expected, received, 'pass arrays that fit the shapes');
}

/**
 * Checks that an argument is an integer from `min` to `max`.
 * @param operation, argument names for the error
 * @throws PxvError `USAGE` if not
 */
export function assertInteger(operation: string, argument: string, value: number, min = 0, max = 2 ** 31 - 1): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw argumentError(operation, argument, `an integer from ${min} to ${max}`, `${value}`);
}

/**
 * Version of the encodings of shapes. Raise the version if an encoding changes: an addon or WebAssembly module of
 * another version is then refused.
 */
export const GEOMETRY_VERSION = 4;

/** Encoder of a ConvolutionShape as native/convolution_shape.h reads it. Caches the result of each shape object. */
export const convolutionGeometry: Geometry<ConvolutionShape> = { encode: keptBy(encodeConvolution) };

/** Encoder of a ScanShape as native/scan_plan.h reads it. Caches the result of each shape object. */
export const scanGeometry: Geometry<ScanShape> = { encode: keptBy(encodeScan) };

/** Caches the encoding of each shape for the lifetime of the shape. */
function keptBy<S extends object>(encode: (kernel: string, shape: S) => Int32Array) {
  const kept = new WeakMap<S, Int32Array>();
  return (kernel: string, shape: S): Int32Array => {
    let numbers = kept.get(shape);
    if (numbers === undefined) kept.set(shape, (numbers = encode(kernel, shape)));
    return numbers;
  };
}

/** Maximum size, stride and offset of a tap, which keep products of them within 31 bits, and copies of rows small. */
const MAX_SIZE = 2 ** 24;
const MAX_STRIDE = 64;
const MAX_OFFSET = 1024;

function encodeConvolution(kernel: string, shape: ConvolutionShape): Int32Array {
  const { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures, stride, groups, taps } = shape;
  const sizes = { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures, stride };
  const { height, width } = shape.kernel;
  for (const [name, size] of Object.entries({ ...sizes, 'kernel.height': height, 'kernel.width': width }))
    assertInteger(kernel, `shape.${name}`, size, 1, name === 'stride' ? MAX_STRIDE : MAX_SIZE);
  assertInteger(kernel, 'values of one image', inHeight * inWidth * inFeatures);
  assertInteger(kernel, 'outputs of one image', outHeight * outWidth * outFeatures);
  groups.forEach((size, group) => assertInteger(kernel, `shape.groups[${group}]`, size, 1));
  const sum = groups.reduce((total, size) => total + size, 0);
  if (sum !== outFeatures) throw argumentError(kernel, 'shape.groups', `a sum of ${outFeatures}`, `${sum}`);
  const stored = shape.inBf16 ?? { x: false, out: false };
  for (const [name, features] of [
    ['shape.inFeatures', stored.x ? inFeatures : 0],
    ['shape.outFeatures', stored.out ? outFeatures : 0],
  ] as const)
    if (features % 2 !== 0) throw argumentError(kernel, name, 'an even number in bf16', `${features}`);
  const positions = height * width;
  taps.forEach(({ dy, dx, position, sees }, t) => {
    assertInteger(kernel, `shape.taps[${t}].dy`, dy, -MAX_OFFSET, MAX_OFFSET);
    assertInteger(kernel, `shape.taps[${t}].dx`, dx, -MAX_OFFSET, MAX_OFFSET);
    assertInteger(kernel, `shape.taps[${t}].position`, position, 0, positions - 1);
    if (sees.length !== groups.length)
      throw argumentError(kernel, `shape.taps[${t}].sees`, `${groups.length} numbers`, `${sees.length}`);
    sees.forEach((features, group) =>
      assertInteger(kernel, `shape.taps[${t}].sees[${group}]`, features, sees[group - 1] ?? 0, inFeatures),
    );
  });
  return Int32Array.from([
    ...Object.values(sizes),
    ...[positions, groups.length, taps.length],
    ...[stored.x, stored.out].map(Number),
    ...groups,
    ...taps.flatMap(({ dy, dx, position, sees }) => [dy, dx, position, ...sees]),
  ]);
}

/** Maximum side and pixels of an image that is scanned, since the order of its pixels is a list. */
const LONGEST_SIDE = 2 ** 15;
const MOST_PIXELS = 2 ** 24;

function encodeScan(kernel: string, shape: ScanShape): Int32Array {
  const { height, width, scanOrder, groups } = shape;
  for (const [name, size] of Object.entries({ height, width }))
    assertInteger(kernel, `shape.${name}`, size, 1, LONGEST_SIDE);
  assertInteger(kernel, 'shape.height * shape.width', height * width, 1, MOST_PIXELS);
  groups.forEach((size, group) => assertInteger(kernel, `shape.groups[${group}]`, size, 1));
  const steps = scanSteps(shape);
  const first = [
    ...encodeConvolution(kernel, stateToState(shape)),
    ...[previousCellOffset[scanOrder].dy, previousCellOffset[scanOrder].dx, groups.length],
    ...groups,
    steps.length,
    ...steps.map((pixels) => pixels.length),
  ];
  // Of millions of pixels, a list of numbers would take several times their memory.
  const numbers = new Int32Array(first.length + height * width);
  numbers.set(first);
  let at = first.length;
  for (const pixels of steps) {
    numbers.set(pixels, at);
    at += pixels.length;
  }
  return numbers;
}
