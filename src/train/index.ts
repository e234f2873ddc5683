export { configureTraining, type ModelChoices, type TrainingRequest } from './configure-training.js';
export type { TrainModelHooks, TrainModelSettings } from './options.js';
export { trainModel, type TrainedRun } from './train-model.js';
