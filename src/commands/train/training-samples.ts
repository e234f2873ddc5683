import type { Frame } from '../../foundation/frame.js';
import { levelsToBytes } from '../../foundation/levels.js';
import { DEFAULT_SEED } from '../../foundation/philox.js';
import type { Chain } from '../../model/chain.js';
import { expectsFrame, readsFrames, type ModelDescription } from '../../model/description.js';
import { frameOf, toArrays } from '../../model/model.js';
import { examplesOfFirst, FrameHistory } from '../../conditioning/context/examples.js';
import { MODEL_DISTRIBUTION } from '../../model/sampling-settings.js';
import { FrameSampler } from '../../sampling/frame-sampler.js';
import { bestGuess, rollOut } from '../../sampling/forecaster.js';
import { trainedModelInfo } from '../../training/training-checkpoint.js';
import type { RunConfiguration } from '../../training/configuration.js';
import type { EventFile } from '../../training/event-file.js';
import type { SampleSheets } from '../../training/sample-sheets.js';
import { TimeBudget } from '../../training/time-budget.js';
import type { TrainingHooks } from '../../training/training-loop.js';
import type { HeldOutExample } from '../../training/validation.js';
import { drawContactSheet, encodePng } from '../../video/index.js';

/** Maximum fraction of the training time for samples. */
const SHARE = 0.03;
/** Number of frames on a sample sheet that a model of video predicts after a validation. */
export const FRAMES_DRAWN = 4;
/** Number of images that a model of images draws. */
const IMAGES_DRAWN = 16;

/**
 * Returns the names of a sample sheet's rows: truth, best guess if the model has one, one sample. Returns one name for
 * a model of images, whose sheet is a grid.
 */
export function sampleRows(description: ModelDescription): readonly string[] {
  if (!readsFrames(description)) return ['samples'];
  return ['truth', ...(expectsFrame({ description }) ? ['best guess'] : []), 'one sample'];
}

/**
 * Returns a callback that draws samples after a validation and writes a contact sheet of them. Samples take at most 3%
 * of the training time; else they are skipped or aborted (see `TimeBudget`). A model of video predicts held-out frames;
 * a model of images draws images. All sheets use the same seed. The samples have no effect on the training.
 * @param example held-out frames; null: a model of video draws nothing
 * @returns callback that rejects with `OUTPUT` if the sheet cannot be written, and with `CHECKPOINT` if probabilities
 *   are not finite. An abort ends the drawing without an error
 */
export function createSampleCallback(
  chain: Chain,
  configuration: RunConfiguration,
  example: HeldOutExample | null,
  { sheets, events, signal }: { sheets: SampleSheets; events: EventFile | null; signal: AbortSignal | undefined },
): NonNullable<TrainingHooks['onValidated']> {
  const time = new TimeBudget(SHARE);
  const isOfImages = chain.exampleShape.context === 0;
  return async ({ state, step }, secondsPerStep) => {
    if (!isOfImages && example === null) return;
    const draw = async (limit: AbortSignal) => {
      const info = trainedModelInfo(configuration, step);
      const sampler = new FrameSampler({ name: `step ${step}`, ...info, chain, weights: toArrays(state.weights) });
      try {
        const sheet = example === null ? await imagesOf(sampler, limit) : await prediction(sampler, example, limit);
        const png = await encodePng(sheet);
        sheets.write(step, png);
        events?.addPicture(step, 'samples', sheet, png);
      } finally {
        sampler.dispose();
      }
    };
    // These few frames need about as many passes through the network as a step.
    await time.spend(1000 * secondsPerStep, draw, signal);
  };
}

/** Draws a sheet with rows of true frames, the best guess if the model has one, and a sample. */
async function prediction(sampler: FrameSampler, { known, truth }: HeldOutExample, signal: AbortSignal) {
  const { model } = sampler;
  const history = new FrameHistory(model.chain.exampleShape);
  for (const frame of known) history.push(frame);
  const futures = [truth];
  const guesses = bestGuess(sampler, history, { signal });
  if (expectsFrame(model)) futures.push(await take(truth.length, guesses));
  const drawn = await take(truth.length, rollOut(sampler, history, { signal }));
  futures.push(drawn.map(([{ bytes }]) => bytes));
  const names = sampleRows(model.description);
  const labels = names.flatMap((name) => truth.map((_, at) => (at === 0 ? name : '')));
  const frames = futures.flat().map((bytes) => frameOf(model, bytes));
  return drawContactSheet(frames, { columns: truth.length, labels });
}

/** Returns the next `count` values of an endless generator, which stays open. */
export async function take<T>(count: number, steps: AsyncGenerator<T, never>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) all.push((await steps.next()).value);
  return all;
}

async function imagesOf(sampler: FrameSampler, signal: AbortSignal): Promise<Frame> {
  const { exampleShape: shape } = sampler.model.chain;
  const draw = { seed: DEFAULT_SEED, samples: IMAGES_DRAWN, frame: 0, settings: MODEL_DISTRIBUTION, signal };
  const drawn = await sampler.draw(examplesOfFirst(shape, IMAGES_DRAWN), draw);
  return drawContactSheet(drawn.map(({ levels }) => frameOf(sampler.model, levelsToBytes(shape, levels))));
}
