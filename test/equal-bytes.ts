import { expect } from '@jest/globals';

/**
 * Typed arrays of the same bytes are equal. Jest alone looks up each element by its name, which of a draw takes longer
 * than the draw. Where bytes differ it still does: NaN, for one, has several.
 */
function areSameBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return undefined;
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0 ? true : undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

expect.addEqualityTesters([areSameBytes]);
