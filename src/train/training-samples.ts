import type { Tensor } from '@tensorflow/tfjs-core';
import type { Frame } from '../foundation/frame.js';
import { levelsToBytes } from '../foundation/levels.js';
import { DEFAULT_SEED } from '../foundation/philox.js';
import type { Chain } from '../model/chain.js';
import { expectsFrame, type ModelDescription } from '../model/description.js';
import { frameOf, toArrays, type Model } from '../model/model.js';
import { examplesOfFirst, FrameHistory } from '../conditioning/context/examples.js';
import { AS_SCORED } from '../model/sampling-settings.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import { bestGuess, rollOut } from '../sampling/forecaster.js';
import { trainingFrameRate, type RunConfiguration } from '../training/configuration.js';
import type { EventFile } from '../training/event-file.js';
import type { SampleSheets } from '../training/sample-sheets.js';
import { TimeBudget } from '../training/time-budget.js';
import type { TrainingHooks } from '../training/train.js';
import type { ValidatingExample } from '../training/validation.js';
import { contactSheet, encodePng } from '../video/index.js';

/** Of a training's time that samples take at most. */
const SHARE = 0.03;
/** Frames that a model of video predicts. */
export const FRAMES_DRAWN = 4;
/** Images that a model of images draws. */
const IMAGES_DRAWN = 16;

/** What the rows of a sheet show; null of a model of images, whose sheet has no order. */
export function sampleRows(description: ModelDescription, needsFrames: boolean): readonly string[] | null {
  if (!needsFrames) return null;
  return ['truth', ...(expectsFrame({ description }) ? ['best guess'] : []), 'one sample'];
}

/**
 * What a training draws after a validation, into its folder, as long as there is time for it (see `TimeBudget`): of a model of video a
 * prediction of frames that validate, of a model of images some images, from the same noise every time. No weight depends on it.
 * @param example null: a model of video draws nothing
 */
export function trainingSamples(
  chain: Chain,
  configuration: RunConfiguration,
  example: ValidatingExample | null,
  { sheets, events, signal }: { sheets: SampleSheets; events: EventFile | null; signal: AbortSignal | undefined },
): NonNullable<TrainingHooks['onValidated']> {
  const time = new TimeBudget(SHARE);
  const isOfImages = chain.exampleShape.context === 0;
  return async ({ state, step }, secondsPerStep) => {
    if (!isOfImages && example === null) return;
    const draw = async (limit: AbortSignal) => {
      const sampler = new FrameSampler(modelOf(chain, configuration, state.weights, step));
      try {
        const sheet = example === null ? await imagesOf(sampler, limit) : await prediction(sampler, example, limit);
        const png = await encodePng(sheet);
        sheets.write(step, png);
        events?.addPicture(step, 'samples', sheet, png);
      } finally {
        sampler.dispose();
      }
    };
    // A step goes through the network about as often as these few frames do.
    await time.spend(1000 * secondsPerStep, draw, signal);
  };
}

function modelOf(
  chain: Chain,
  { model: description, drawing, data }: RunConfiguration,
  weights: readonly Tensor[],
  step: number,
): Model {
  return {
    ...{ name: `step ${step}`, description, chain, step, drawing, origin: null },
    weights: toArrays(weights),
    frameRate: trainingFrameRate(data),
  };
}

/** The truth, the best guess where there is one, and a sample, row by row. */
async function prediction(
  sampler: FrameSampler,
  { known, truth }: ValidatingExample,
  signal: AbortSignal,
): Promise<Frame> {
  const { model } = sampler;
  const history = new FrameHistory(model.chain.exampleShape);
  for (const frame of known) history.push(frame);
  const futures = [truth];
  const guesses = bestGuess(sampler, history, { signal });
  if (expectsFrame(model)) futures.push(await take(truth.length, guesses));
  const drawn = await take(truth.length, rollOut(sampler, history, { signal }));
  futures.push(drawn.map(([{ bytes }]) => bytes));
  const names = sampleRows(model.description, true)!;
  const labels = names.flatMap((name) => truth.map((_, at) => (at === 0 ? name : '')));
  const frames = futures.flat().map((bytes) => frameOf(model, bytes));
  return contactSheet(frames, { columns: truth.length, labels });
}

/** The next `count` of what goes on for ever. */
export async function take<T>(count: number, steps: AsyncGenerator<T, never>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) all.push((await steps.next()).value);
  return all;
}

async function imagesOf(sampler: FrameSampler, signal: AbortSignal): Promise<Frame> {
  const { exampleShape: shape } = sampler.model.chain;
  const draw = { seed: DEFAULT_SEED, samples: IMAGES_DRAWN, frame: 0, settings: AS_SCORED, signal };
  const drawn = await sampler.draw(examplesOfFirst(shape, IMAGES_DRAWN), draw);
  return contactSheet(drawn.map(({ levels }) => frameOf(sampler.model, levelsToBytes(shape, levels))));
}
