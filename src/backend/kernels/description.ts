// Kernels described as data. From a description follow the types and checks of a call (call.ts), the C++ struct and
// table entry (scripts/write-kernel-table.mjs), the tensor operation (native-backend.ts) and the arrays of its tests.

/** Type and range of a scalar argument of a kernel. Floats have no range. */
export interface NumberField {
  type: 'int32' | 'float32' | 'float64' | 'boolean';
  /** Minimum, inclusive. */
  min?: number;
  /** Maximum, inclusive. */
  max?: number;
}

/** Type of a scalar argument: int32 of 0 or more. */
export const count = { type: 'int32', min: 0 } as const;
/** Type of a scalar argument: int32 of 1 or more. */
export const extent = { type: 'int32', min: 1 } as const;
/** Returns the type of a scalar argument: int32 from `min` to `max`. */
export const integer = (min: number, max: number) => ({ type: 'int32', min, max }) as const;
/** Type of a scalar argument: float32. */
export const single = { type: 'float32' } as const;
/** Type of a scalar argument: float64. */
export const double = { type: 'float64' } as const;
/** Type of a scalar argument: boolean. */
export const flag = { type: 'boolean' } as const;

/**
 * Encoder of a shape that is an object, such as a `ConvolutionShape`, as the list of 32-bit integers that a kernel call
 * passes.
 */
export interface Geometry<S> {
  /** Encodes `shape`. @throws PxvError `USAGE`, which names `kernel`, if the shape is invalid */
  encode(kernel: string, shape: S): Int32Array;
}

/** Scalar arguments of a kernel. `V`: type of their values by name, with `shape` if `geometry` is not null. */
export interface ScalarArguments<V = unknown> {
  /** Name of the C++ struct that holds the arguments. */
  name: string;
  /** Type and range of each argument, by the argument's name. */
  fields: Readonly<Record<string, NumberField>>;
  /** Encoder of the object `shape`, if calls pass one; null: none. */
  geometry: Geometry<unknown> | null;
  /** Carrier of the type `V`; never set. */
  values?: V;
}

type Values<F> = { [K in keyof F]: F[K] extends { type: 'boolean' } ? boolean : number };

/**
 * Describes the scalar arguments of a kernel.
 * @param name name of the C++ struct that holds the arguments
 * @param fields type and range of each argument, by the argument's name
 */
export function scalarArguments<F extends Record<string, NumberField>>(
  name: string,
  fields: F,
): ScalarArguments<Values<F>> {
  return { name, fields, geometry: null };
}

/**
 * Describes the scalar arguments of a kernel whose calls also pass an object `shape`, encoded by `geometry`.
 * @param name name of the C++ struct that holds the arguments
 * @param fields type and range of each other argument, by the argument's name
 */
export function shapedArguments<F extends Record<string, NumberField>, S>(
  name: string,
  fields: F,
  geometry: Geometry<S>,
): ScalarArguments<Values<F> & { shape: S }> {
  return { name, fields, geometry: geometry };
}

/** Array types of a call, by C++ element type. */
export interface ArrayTypes {
  float: Float32Array;
  double: Float64Array;
  uint8_t: Uint8Array;
  int16_t: Int16Array;
  int32_t: Int32Array;
  uint32_t: Uint32Array;
}

/** Dense row-major array argument of a kernel. `V`: type of the scalar arguments. */
export interface ArrayField<V> {
  /** Element type. Default: float. */
  type?: keyof ArrayTypes;
  /** Returns the shape of the array, given the scalar arguments. */
  shape: (values: V) => readonly number[];
  /** Exclusive upper bound: values are integers from 0 and below the bound. */
  below?: (values: V) => number;
  /** True if a call may pass null. Default: false. */
  optional?: boolean;
  /**
   * Name of an input: as a tensor, this output gets the input's shape, whatever the number of axes. Default: that of
   * `shape`.
   */
  like?: string;
  /** Name of an input: this output is null if and only if the input is null. */
  with?: string;
}

/** Description of a kernel: scalar arguments, input and output arrays. */
export interface KernelDescription<
  V = never,
  I extends Record<string, ArrayField<V>> = Record<string, ArrayField<V>>,
  O extends Record<string, ArrayField<V>> = Record<string, ArrayField<V>>,
> {
  /** Scalar arguments. */
  numbers: ScalarArguments<V>;
  /** Input arrays by name. */
  inputs: I;
  /** Output arrays by name, overwritten whole. No output may overlap an input. */
  outputs: O;
  /** Returns derived values by name, such as products of sizes, each of which must be an integer from 0 to 2^31 - 1. */
  limits?: (values: V) => Record<string, number>;
  /** True if a second version of the kernel rounds factors to bf16 before it multiplies them. Default: false. */
  inBf16?: boolean;
}

/** Returns `description`, with its type inferred. */
export function kernel<V, const I extends Record<string, ArrayField<V>>, const O extends Record<string, ArrayField<V>>>(
  description: KernelDescription<V, I, O>,
): KernelDescription<V, I, O> {
  return description;
}

/**
 * Returns a float array field of the shape [batch, height, width, features].
 * @param features function that returns the number of features, given the scalar arguments
 */
export const perPixel = <V>(features: (of: V) => number) => ({
  shape: (of: V & Record<'batch' | 'height' | 'width', number>) => [of.batch, of.height, of.width, features(of)],
});

/** Float array field for a batch of images: [batch, height, width, channels]. */
export const pictures = perPixel((of: { channels: number }) => of.channels);

type ArrayOf<F> = F extends { type: infer T extends keyof ArrayTypes } ? ArrayTypes[T] : Float32Array;
type Given<F> = F extends { optional: true } | { with: string } ? ArrayOf<F> | null : ArrayOf<F>;

/** Type of the values of the scalar arguments `N`, by name. */
export type ValuesOf<N> = N extends ScalarArguments<infer V> ? V : never;
/** Type of the values of the scalar arguments of a kernel description `D`, by name. */
export type NumbersOf<D> = D extends { numbers: ScalarArguments<infer V> } ? V : never;
/**
 * Type of the arrays of a kernel description `D`, inputs and outputs by name. Arrays with `optional` or `with` may be
 * null.
 */
export type ArraysOf<D> = D extends { inputs: infer I; outputs: infer O }
  ? { [K in keyof I]: Given<I[K]> } & { [K in keyof O]: Given<O[K]> }
  : never;
