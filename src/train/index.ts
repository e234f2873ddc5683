export { configureTraining, type ModelChoices, type TrainingRequest } from './configure-training.js';
export type { DecodeProgress, TrainModelHooks, TrainModelSettings } from './options.js';
export { trainModel, type TrainedRun } from './train-model.js';
export type { TrainingProgress } from '../training/training-loop.js';
