import { fromHalf } from '../foundation/half-precision.js';

/** Type of the values of an array: length, reader and scale of a value. */
export interface ValueType {
  /** Bytes of a value. */
  bytes: number;
  /** Reads the value at a position in bytes. */
  read: (values: DataView, at: number) => number;
  /** Factor to bring a value to 0 to 255. */
  scale: number;
}

/** Types of values that are read, by their names in NumPy. Bytes are 0 to 255, and floats 0 to 1. */
export const valueTypes: ReadonlyMap<string, ValueType> = new Map([
  ['|u1', { bytes: 1, read: (values, at) => values.getUint8(at), scale: 1 }],
  ...floats('<', true),
  ...floats('>', false),
]);

function floats(order: string, isLittle: boolean): [name: string, type: ValueType][] {
  return [
    [`${order}f2`, { bytes: 2, read: (values, at) => fromHalf(values.getUint16(at, isLittle)), scale: 255 }],
    [`${order}f4`, { bytes: 4, read: (values, at) => values.getFloat32(at, isLittle), scale: 255 }],
    [`${order}f8`, { bytes: 8, read: (values, at) => values.getFloat64(at, isLittle), scale: 255 }],
  ];
}

/**
 * Scales values to 0 to 255 and returns them as bytes, each rounded to the nearest. Returns `bytes` itself if the
 * values are bytes.
 * @param bytes the values as they are stored
 * @throws RangeError with the first value that rounds to no byte, such as NaN or 2
 */
export function valuesToBytes({ bytes: width, read, scale }: ValueType, bytes: Uint8Array): Uint8Array {
  if (width === 1) return bytes;
  const values = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint8Array.from({ length: bytes.length / width }, (_, index) => {
    const value = read(values, index * width);
    const rounded = Math.round(value * scale);
    if (rounded >= 0 && rounded <= 255) return rounded;
    throw new RangeError(String(value));
  });
}
