export { type ClipSource, listClips } from './clip-list.js';
export { type ClipFacts, type ClipOptions, type ClipReader, openClip, probeClip } from './clip-reader.js';
export { type FfmpegBinary, findFfmpeg } from './ffmpeg-binary.js';
export type { FrameRate } from './frame-rate.js';
export type { Fit } from './video-file.js';
