import { resolve } from 'node:path';
import { PxvError } from '../errors.js';
import { PreviousFrameBaseline, uniformBitsPerDim } from '../evaluation/baselines.js';
import type { Frame } from '../frame.js';
import type { Chain } from '../model/chain.js';
import { frameBytes, type ExampleShape } from '../model/examples.js';
import { clipData } from '../training/clip-data.js';
import type { DataConfiguration, RunConfiguration } from '../training/configuration.js';
import { RunFolder } from '../training/run-folder.js';
import { startTraining, train, type TrainingHooks, type TrainingResult } from '../training/train.js';
import { heldOutClips } from '../training/validation.js';
import { listClips, openFrameStore, type ClipSource, type FrameStore } from '../video/index.js';

export interface TrainOnClipsHooks extends TrainingHooks {
  /** Told while clips are decoded, with the clips done and their number. */
  onDecode?: (clip: number, clips: number, name: string) => void;
  /** Told once, before the first step. */
  onStart?: (facts: TrainingFacts) => void;
  /** One line about a clip that is damaged or too short to learn from. */
  onWarning?: (text: string) => void;
}

/** What is trained on what. */
export interface TrainingFacts {
  parameters: number;
  trainingClips: string[];
  validationClips: string[];
  /** Frames of the training clips. */
  frames: number;
  /** Updates done before this sitting. */
  step: number;
  /** What validations are to be measured against, in bits/dim. */
  baselines: { uniform: number; 'previous-frame': number | null };
}

/** A training's end, and where it is kept. */
export interface TrainedRun extends TrainingResult {
  output: string;
  configuration: RunConfiguration;
  facts: TrainingFacts;
}

/**
 * Learns to predict the frames of clips: decodes them at the model's size into the run folder, holds some out for
 * validation, and trains (see `train`).
 *
 * @param out folder of the run
 * @param configuration null: go on with the training that is in `out`
 */
export async function trainOnClips(
  out: string,
  configuration: RunConfiguration | null,
  hooks: TrainOnClipsHooks = {},
): Promise<TrainedRun> {
  const run = new RunFolder(out);
  const { chain, checkpoint } = configuration === null ? run.load() : startTraining(configuration);
  const clips = await findClips(checkpoint.configuration.data);
  if (configuration === null) run.cutLog(checkpoint.step);
  else {
    run.create();
    run.writeConfiguration(configuration);
  }
  const { store, training, validation } = await openClips(run, clips, chain, checkpoint.configuration, hooks);
  try {
    const names = (clips: readonly number[]) => clips.map((clip) => store.clips[clip].name);
    const facts: TrainingFacts = {
      parameters: chain.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      trainingClips: names(training),
      validationClips: names(validation),
      frames: training.reduce((sum, clip) => sum + store.clips[clip].frames, 0),
      step: checkpoint.step,
      baselines: {
        uniform: uniformBitsPerDim(chain.examples.levels),
        'previous-frame': previousFrameBaseline(chain.examples, store, validation),
      },
    };
    hooks.onStart?.(facts);
    const data = clipData(chain, store, training, validation, checkpoint.configuration.training);
    const result = await train(chain, checkpoint, data, run, hooks);
    return { ...result, output: out, configuration: checkpoint.configuration, facts };
  } finally {
    await store.close();
  }
}

/** The previous frame as a predictor of the validation clips, each weighing the same; null where there is none. */
function previousFrameBaseline(shape: ExampleShape, store: FrameStore, clips: readonly number[]): number | null {
  if (clips.length === 0) return null;
  const frame = (): Frame => ({
    ...shape.size,
    channels: shape.channels,
    data: new Uint8Array(frameBytes(shape)),
  });
  let [previous, current] = [frame(), frame()];
  const bits = clips.map((clip) => {
    const baseline = new PreviousFrameBaseline();
    for (let index = 0; index < store.clips[clip].frames; index++) {
      store.read(clip, index, 1, current.data);
      if (index > 0) baseline.add(previous, current);
      [previous, current] = [current, previous];
    }
    return baseline.bitsPerDim;
  });
  return bits.reduce((sum, value) => sum + value, 0) / clips.length;
}

/** The clips to learn from, and those that are named for validation. */
interface Clips {
  learnt: ClipSource[];
  held: ClipSource[];
}

async function findClips({ frames, validate }: DataConfiguration): Promise<Clips> {
  const learnt = await listClips(frames);
  const held = validate.length > 0 ? await listClips(validate) : [];
  const shared = held.find((clip) => learnt.some(({ path }) => resolve(path) === resolve(clip.path)));
  if (shared !== undefined) throw onBothSides(shared.path);
  return { learnt, held };
}

/** Decodes the clips and tells which are for training and which for validation. */
async function openClips(
  run: RunFolder,
  { learnt, held }: Clips,
  chain: Chain,
  { data, training }: RunConfiguration,
  { onDecode, onWarning, signal }: TrainOnClipsHooks,
): Promise<{ store: FrameStore; training: number[]; validation: number[] }> {
  const { size, channels } = chain.examples;
  const store = await openFrameStore(run.frames, [...learnt, ...held], {
    size,
    channels,
    fit: data.fit,
    onProgress: ({ clip, clips, name }) => onDecode?.(clip, clips, name),
    ...(signal && { signal }),
  });
  const usable = (clip: number) => {
    const { name, frames, warning } = store.clips[clip];
    if (warning !== null) onWarning?.(`${name}: ${warning}`);
    if (frames < 2) onWarning?.(`${name}: left out: one frame has nothing before it to predict it from`);
    return frames >= 2;
  };
  const first = learnt.map((_, index) => index).filter(usable);
  const rest = held.map((_, index) => learnt.length + index).filter(usable);
  const chosen = held.length > 0 ? [] : heldOutClips(first.length, BigInt(training.seed)).map((index) => first[index]);
  const trainingClips = first.filter((clip) => !chosen.includes(clip));
  if (trainingClips.length === 0) throw nothingToLearn(data.frames);
  return { store, training: trainingClips, validation: held.length > 0 ? rest : chosen };
}

function onBothSides(path: string): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: '--validate',
    expected: 'clips that are not trained on',
    received: `${path}, which --frames names as well`,
    remedy: 'leave it out on one side',
  });
}

function nothingToLearn(paths: readonly string[]): PxvError {
  return new PxvError({
    code: 'INPUT',
    operation: 'train',
    argument: paths.join(', '),
    expected: 'at least one clip of two frames or more',
    received: 'none',
    remedy: 'give longer clips with --frames',
  });
}
