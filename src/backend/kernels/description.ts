/**
 * What a kernel is, as data. From a description follow the types and the checks of a call (call.ts), the struct and the line in the
 * table of C++ (scripts/write-kernel-table.mjs), the operation on tensors (native-backend.ts) and the arrays of its tests.
 */

/** A number of a call, and the values that it may have. Floats are not limited. */
export interface NumberField {
  type: 'int32' | 'float32' | 'float64' | 'boolean';
  least?: number;
  most?: number;
}

/** A whole number from 0. */
export const count = { type: 'int32', least: 0 } as const;
/** A whole number from 1. */
export const extent = { type: 'int32', least: 1 } as const;
export const integer = (least: number, most: number) => ({ type: 'int32', least, most }) as const;
export const single = { type: 'float32' } as const;
export const double = { type: 'float64' } as const;
export const flag = { type: 'boolean' } as const;

/** A shape that is a list, which a call passes as whole numbers. */
export interface Geometry<S> {
  /** @throws PxvError USAGE, with the name of the kernel, where the shape is none */
  encode(kernel: string, shape: S): Int32Array;
}

/** The numbers of a call, under the name of their struct in C++. `V`: their values, with `shape` where there is a geometry. */
export interface Numbers<V = unknown> {
  name: string;
  fields: Readonly<Record<string, NumberField>>;
  geometry: Geometry<unknown> | null;
  /** Never there: it carries the type. */
  values?: V;
}

type Values<F> = { [K in keyof F]: F[K] extends { type: 'boolean' } ? boolean : number };

export function numbers<F extends Record<string, NumberField>>(name: string, fields: F): Numbers<Values<F>>;
export function numbers<F extends Record<string, NumberField>, S>(
  name: string,
  fields: F,
  geometry: Geometry<S>,
): Numbers<Values<F> & { shape: S }>;
export function numbers(name: string, fields: Record<string, NumberField>, geometry?: Geometry<never>): Numbers {
  return { name, fields, geometry: (geometry as Geometry<unknown> | undefined) ?? null };
}

/** Arrays that a call passes, by the names of their types in C++. */
export interface ArrayTypes {
  float: Float32Array;
  double: Float64Array;
  uint8_t: Uint8Array;
  int16_t: Int16Array;
  int32_t: Int32Array;
  uint32_t: Uint32Array;
}

/** A dense array of a call, row-major. `V`: the numbers of the call. */
export interface ArrayField<V> {
  /** Default: float. */
  type?: keyof ArrayTypes;
  shape: (values: V) => readonly number[];
  /** Values are whole numbers from 0 and below this. */
  below?: (values: V) => number;
  /** Whether a call may pass null. */
  optional?: boolean;
  /** Of an output: as a tensor it has the shape of this input, however many axes that has. */
  like?: string;
  /** Of an output: it is there where this input is, and null elsewhere. */
  with?: string;
}

export interface KernelDescription<
  V = never,
  I extends Record<string, ArrayField<V>> = Record<string, ArrayField<V>>,
  O extends Record<string, ArrayField<V>> = Record<string, ArrayField<V>>,
> {
  numbers: Numbers<V>;
  inputs: I;
  /** Written whole; none may overlap an input. */
  outputs: O;
  /** What must also be a whole number of 32 bits, by its name. */
  limits?: (values: V) => Record<string, number>;
  /** Whether there is a second form, whose factors are rounded to bf16 before they are multiplied. */
  inBf16?: boolean;
  /** Whether it is one function for all instruction sets, no template: sums of whole numbers and float64 are the same in all. */
  sharedBySets?: boolean;
}

export function kernel<V, const I extends Record<string, ArrayField<V>>, const O extends Record<string, ArrayField<V>>>(
  description: KernelDescription<V, I, O>,
): KernelDescription<V, I, O> {
  return description;
}

/** An array of so many numbers for each pixel of a batch of images. */
export const perPixel = <V>(features: (of: V) => number) => ({
  shape: (of: V & Record<'batch' | 'height' | 'width', number>) => [of.batch, of.height, of.width, features(of)],
});

/** An array of images. */
export const pictures = perPixel((of: { channels: number }) => of.channels);

type ArrayOf<F> = F extends { type: infer T extends keyof ArrayTypes } ? ArrayTypes[T] : Float32Array;
type Given<F> = F extends { optional: true } | { with: string } ? ArrayOf<F> | null : ArrayOf<F>;

/** The values of a group of numbers. */
export type ValuesOf<N> = N extends Numbers<infer V> ? V : never;
export type NumbersOf<D> = D extends { numbers: Numbers<infer V> } ? V : never;
export type ArraysOf<D> = D extends { inputs: infer I; outputs: infer O }
  ? { [K in keyof I]: Given<I[K]> } & { [K in keyof O]: Given<O[K]> }
  : never;
