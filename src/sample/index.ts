export { completeImage, type CompletedImage, type CompleteImageOptions } from './complete-image.js';
export { sampleImages, type SampledImages, type SampleImagesOptions } from './sample-images.js';
