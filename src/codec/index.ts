export type { EncodedFrame } from '../coding/encode-frames.js';
export { decodeFile, type DecodeFileOptions, type DecodedFile } from './decode-file.js';
export { encodeClip, type EncodeClipOptions, type EncodedClip } from './encode-clip.js';
