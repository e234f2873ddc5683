import * as tf from '@tensorflow/tfjs-core';
import { expectPrecision } from '../backend/precision.js';
import { RunFolder } from '../training/run-folder.js';
import type { RunConfiguration } from '../training/configuration.js';
import { startTraining, train, type TrainingHooks, type TrainingResult } from '../training/train.js';
import { findClipData, type ClipFacts, type ClipHooks } from './find-clip-data.js';
import { findImageData, type ImageFacts, type ImageHooks } from './find-image-data.js';

export interface TrainModelHooks extends TrainingHooks, Omit<ClipHooks & ImageHooks, 'signal'> {
  /** Told once, before the first step. */
  onStart?: (facts: TrainingFacts) => void;
}

/** What is trained on what. */
export interface TrainingFacts {
  parameters: number;
  /** Updates done before this sitting. */
  step: number;
  data: ClipFacts | ImageFacts;
}

/** A training's end, and where it is kept. */
export interface TrainedRun extends TrainingResult {
  output: string;
  facts: TrainingFacts;
}

/**
 * Trains a model on what its configuration names, clips or images, in a run folder (see `train`).
 *
 * @param out folder of the run
 * @param configuration null: go on with the training that is in `out`
 */
export async function trainModel(
  out: string,
  configuration: RunConfiguration | null,
  hooks: TrainModelHooks = {},
): Promise<TrainedRun> {
  const run = new RunFolder(out);
  const { chain, checkpoint } = configuration === null ? run.load() : startTraining(configuration);
  try {
    const { data: source, training } = checkpoint.configuration;
    expectPrecision(training.precision);
    // What cannot be found leaves no run folder behind.
    const open =
      source.type === 'clips'
        ? await findClipData(run, chain, source, training, hooks)
        : await findImageData(chain, source, training, hooks);
    if (configuration !== null) {
      run.create();
      run.writeConfiguration(configuration);
    }
    // A training that diverged before it was saved has left its log.
    run.cutLog(checkpoint.step);
    const { data, facts, close } = await open();
    try {
      const started: TrainingFacts = {
        parameters: chain.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
        step: checkpoint.step,
        data: facts,
      };
      hooks.onStart?.(started);
      const result = await train(chain, checkpoint, data, run, hooks);
      return { ...result, output: out, facts: started };
    } finally {
      await close();
    }
  } finally {
    tf.dispose(checkpoint.state);
  }
}
