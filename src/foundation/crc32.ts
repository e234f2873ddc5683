/** Table of the CRC-32 of each byte value, 0 to 255. */
const ofByte = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  return crc;
});

/** Returns the CRC-32 (ISO 3309, as in PNG and ZIP) of the concatenation of `parts`, from 0 to 2^32 - 1. */
export function crc32(...parts: readonly Uint8Array[]): number {
  return parts.reduce(extendCrc32, 0);
}

/**
 * Updates a CRC-32: returns the CRC-32 of earlier data followed by `bytes`.
 * @param before CRC-32 of the earlier data; 0 if there is none
 */
export function extendCrc32(before: number, bytes: Uint8Array): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ ofByte[(crc ^ bytes[at]) & 0xff];
  return ~crc >>> 0;
}
