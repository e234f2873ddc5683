export { listFrameFiles, type ClipSource, isUntimed, listClips } from './clip-list.js';
export { clipStem } from './clip-address.js';
export {
  type ClipInfo,
  type ClipOptions,
  type ClipReader,
  listInputFiles,
  openClip,
  probeClip,
} from './clip-reader.js';
export { gifMemory, concatenateVideos, writeClip, type WrittenClip } from './clip-writer.js';
export { assertFileOutput, assertNotInput, outputExists, type ReplaceOptions } from './overwrite-checks.js';
export { drawContactSheet, encodePng, cutSheetRows, writePng } from './contact-sheet.js';
export { findFfmpeg } from './ffmpeg-binary.js';
export {
  openDecodedFrameStore,
  type FrameStore,
  openFrameStore,
  type FrameStoreOptions,
  type StoredClip,
} from './frame-store.js';
export { type LosslessCodec, losslessCodecs, measureLosslessSize } from './lossless-codecs.js';
export { drawHeatMap } from './heat-map.js';
export { drawSurpriseFrame, chooseSurpriseScale } from './surprise-frame.js';
export { drawTimeline } from './timeline-picture.js';
export { areFramesOfClip, inColour, probeImage, readImage } from './image-folder.js';
export { defaultFrameRate } from './frame-rate.js';
export { createCropReader } from './crop-reader.js';
export { isFixedSize, type TargetSize, resolveSize } from './target-size.js';
export { prefetchProbe } from './video-file.js';
export { checkOutput, folderPath, frameFileName, outputEnding, outputKind, type OutputKind } from './output-kind.js';
export type { Panel, TimeStep } from './panels.js';
export { videoFrameSize, legibleScale, writePanels } from './panel-writer.js';
export { openStream } from './streamed-video.js';
export type { Fit } from './resample.js';
