/** An image format whose files are read. */
export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'tiff' | 'heif' | 'gif';

/** Bytes at the start of a file by which its format is known; any byte matches a dot. */
const signatures: [ImageFormat, RegExp][] = [
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['jpeg', /^\xff\xd8\xff/],
  ['webp', /^RIFF.{4}WEBP/s],
  ['tiff', /^(?:II[*+]\0|MM\0[*+])/],
  ['heif', /^.{4}ftyp/s],
  ['gif', /^GIF8[79]a/],
];

/** Number of bytes at the start of a file that `detectImageFormat` needs. */
export const SIGNATURE_BYTES = 12;

/**
 * Returns the format of an image file from its first bytes; null for all other files. Check it before bytes are given
 * to sharp: it would decode an SVG too, which may name other files to read, or take endless time.
 * @param bytes at least the first `SIGNATURE_BYTES` of the file
 */
export function detectImageFormat(bytes: Uint8Array): ImageFormat | null {
  const start = Buffer.from(bytes.subarray(0, SIGNATURE_BYTES)).toString('latin1');
  return signatures.find(([, signature]) => signature.test(start))?.[0] ?? null;
}
