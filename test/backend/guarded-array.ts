import type { ArrayTypes } from '../../src/backend/kernels/description.js';

export type AnyArray = ArrayTypes[keyof ArrayTypes];

const arrayTypes = {
  float: Float32Array,
  double: Float64Array,
  uint8_t: Uint8Array,
  int16_t: Int16Array,
  int32_t: Int32Array,
  uint32_t: Uint32Array,
} satisfies Record<keyof ArrayTypes, unknown>;

/** Bytes on either side of an array that no kernel may touch. */
const RIM = 256;
const SENTINEL = 0xa5;

/** An array in the middle of a larger buffer, whose rims are filled with `SENTINEL`. */
export function guardedArray<T extends keyof ArrayTypes>(type: T, length: number): ArrayTypes[T] {
  const { BYTES_PER_ELEMENT: bytes } = arrayTypes[type];
  const buffer = new ArrayBuffer(2 * RIM + length * bytes);
  new Uint8Array(buffer).fill(SENTINEL);
  return new arrayTypes[type](buffer, RIM, length) as ArrayTypes[T];
}

/** Throws if a rim of a guarded array has other bytes than it was made with. */
export function expectRims(name: string, { buffer, byteOffset, byteLength }: AnyArray): void {
  const bytes = new Uint8Array(buffer);
  for (let at = 0; at < bytes.length; at++) {
    if (at === byteOffset) at += byteLength;
    if (at < bytes.length && bytes[at] !== SENTINEL)
      throw new Error(`${name}: wrote ${at - byteOffset} bytes from its start`);
  }
}
