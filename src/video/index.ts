export { clipFiles, type ClipSource, isImageFolder, listClips, reasonToLeaveOut } from './clip-list.js';
export { type ClipFacts, type ClipOptions, type ClipReader, filesOfClip, openClip, probeClip } from './clip-reader.js';
export {
  checkOutput,
  outputKind,
  type OutputKind,
  writeClip,
  type WriteOptions,
  type WrittenClip,
} from './clip-writer.js';
export { expectNoInput, type ReplaceOptions } from './existing-output.js';
export { contactSheet, type ContactSheetOptions, encodePng, writePng } from './contact-sheet.js';
export { type FfmpegBinary, findFfmpeg } from './ffmpeg-binary.js';
export { type FrameStore, openFrameStore, type FrameStoreOptions, type StoredClip } from './frame-store.js';
export { type LosslessCodec, losslessCodecs, losslessSize } from './lossless-codecs.js';
export { readImage } from './image-folder.js';
export { type FramePart, FrameParts } from './frame-parts.js';
export { type PictureSize, sizeFor, type ShortSide } from './picture-size.js';
export type { Fit } from './resample.js';
