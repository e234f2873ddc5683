/** CRC-32 of ZIP (PKWARE's APPNOTE.TXT 6.3, section 4.4.7) of each byte alone, its polynomial with the low bit first. */
const ofByte = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  return crc;
});

/**
 * The CRC-32 of some bytes, or of those behind others. `zlib.crc32` is not in every Node.js that pxv runs on.
 *
 * @param before that of the bytes before; 0 where there are none
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ ofByte[(crc ^ bytes[at]) & 0xff];
  return ~crc >>> 0;
}
