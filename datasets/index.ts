export type { Images, ImageSetFacts, OpenOptions, Split, TrainingSplit } from './image-set.js';
export { openForTraining, type OpenImagesOptions } from './open-for-training.js';
