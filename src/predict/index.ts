export { predictClip, type PredictClipOptions, type PredictedClip } from './predict-clip.js';
export { predictClips, type PredictClipsOptions, type PredictedClips } from './predict-clips.js';
