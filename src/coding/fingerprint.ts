import { networkSchema } from '../model/description.js';
import type { Model } from '../model/model.js';
import { toHexadecimal, type Arithmetic } from './format.js';
import type { InstructionSet } from '../backend/kernels/index.js';

/**
 * Computes the fingerprint of a model: the first 16 hexadecimal digits of the SHA-256 of its description and weights.
 * The image size does not count, nor does the order of the description's keys.
 */
export async function computeFingerprint({ description, weights }: Model): Promise<string> {
  const size = { width: 1, height: 1 };
  const scales = description.scales.map((scale) => ({ ...networkSchema.parse({ ...scale, size }), size: null }));
  const text = new TextEncoder().encode(JSON.stringify({ version: description.version, scales }));
  const bytes = new Uint8Array(weights.reduce((sum, { byteLength }) => sum + byteLength, text.length));
  bytes.set(text);
  let at = text.length;
  for (const { buffer, byteOffset, byteLength } of weights) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return toHexadecimal(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes), 0, 8));
}

/**
 * Returns the rounding of multiply-adds in the kernels of an instruction set (see `arithmetics`): `separate` for
 * portable and WebAssembly kernels, `fused` (FMA) for all others.
 */
export function arithmeticFamily(set: InstructionSet): Arithmetic {
  return set === 'wasm' || set === 'portable' ? 'separate' : 'fused';
}
