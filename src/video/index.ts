export { clipFiles, type ClipSource, isImageFolder, listClips } from './clip-list.js';
export { type ClipFacts, type ClipOptions, type ClipReader, filesOfClip, openClip, probeClip } from './clip-reader.js';
export { gifBytes, joinFilms, writeClip, type WriteOptions, type WrittenClip } from './clip-writer.js';
export { expectNoInput, isTaken, type ReplaceOptions } from './existing-output.js';
export { contactSheet, type ContactSheetOptions, encodePng, rowsOfSheet, writePng } from './contact-sheet.js';
export { type FfmpegBinary, findFfmpeg } from './ffmpeg-binary.js';
export {
  decodedFrameStore,
  type FrameStore,
  openFrameStore,
  type FrameStoreOptions,
  type StoredClip,
} from './frame-store.js';
export { type LosslessCodec, losslessCodecs, losslessSize } from './lossless-codecs.js';
export { heatMap } from './heat-map.js';
export { surpriseFrame, surpriseScale } from './surprise-frame.js';
export { timelinePicture } from './timeline-picture.js';
export { areFramesOfClip, imageFacts, readImage } from './image-folder.js';
export { defaultFrameRate } from './frame-rate.js';
export { type FramePart, partReader } from './frame-parts.js';
export { isFixed, type PictureSize, sizeFor, type ShortSide, type Within } from './picture-size.js';
export { probeAhead } from './video-file.js';
export { checkOutput, frameFile, outputEnding, outputKind, type OutputKind } from './output-kind.js';
export type { Panel, TimeStep } from './panels.js';
export { filmSize, legibleScale, writePanels } from './panel-writer.js';
export { openStream, type StreamOptions, type StreamedVideo } from './streamed-video.js';
export type { Fit } from './resample.js';
