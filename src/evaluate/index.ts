export { scoreClips, type ScoreClipsOptions, type VideoScore } from './score-clips.js';
export { scoreImageSet, type ImageSetScore, type ScoreImageSetOptions } from './score-images.js';
