import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { estimateTrainingMemory } from '../memory/estimate-training-memory.js';
import { formatBytes } from '../memory/format-bytes.js';
import type { Chain } from '../model/chain.js';
import { assertVideoModel, toArrays, type Model } from '../model/model.js';
import { resizeModel } from '../model/resize-model.js';
import { createInitialCheckpoint, trainedModelInfo, type Checkpoint } from '../training/training-checkpoint.js';
import { createClipTrainingData } from '../training/clip-batches.js';
import { parseRunConfiguration, type TrainingSettings } from '../training/configuration.js';
import type { ClipStore } from '../training/random-frames.js';
import { train, type TrainingOutput, type TrainingProgress } from '../training/training-loop.js';
import { takeLastFifths, type Validation } from '../training/validation.js';

/** Minimum number of frames of a clip to learn from: the last fifth is one frame then. */
const MIN_FRAMES = 5;

/** Facts about a training before its first step. */
export interface FineTuneStart {
  /** Estimated peak memory, in bytes. */
  memoryBytes: number;
  /** Index of the first held-out frame: earlier frames are learned from, and the last fifth validates. */
  heldOutFrom: number;
}

/** Options for `fineTune`. */
export interface FineTuneOptions {
  /** Settings of the training, such as `{ minutes: 2 }`. Defaults: those of `pxv train --from`. */
  training?: Omit<TrainingSettings, 'from'>;
  /** Maximum of the estimated peak memory, in bytes. Default: no limit. */
  maxBytes?: number;
  /** Called before the first validation; the training waits for its promise. */
  onStart?: (facts: FineTuneStart) => void | Promise<void>;
  /** Called after each step. */
  onStep?: (progress: TrainingProgress) => void;
  /** Called after each validation on the held-out frames, the first at step 0, of the model that is trained. */
  onValidated?: (validation: Validation) => void;
  /** Signal that stops the training; the result is the best model so far. */
  signal?: AbortSignal;
}

/**
 * Trains a model further on the frames of a clip, as `pxv train --from` does: the last fifth of the frames, rounded
 * down, is held out and validates. The weights are those of `pxv train` on the same frames, for as many steps on the
 * same instruction set.
 * @param model video model, which is resized to the frames
 * @param frames at least 5 frames of one size, in the colours of the model
 * @returns the model with the lowest bits/dim on the held-out frames: a trained one, or `model` at the frames' size
 * @throws PxvError `INPUT` if there are fewer than 5 frames, or a frame has another shape; `RESOURCES` if the estimated
 *   memory exceeds `maxBytes`; `USAGE` if a setting is invalid, the model is not of video, or no backend was chosen;
 *   `DIVERGED` as `train`
 */
export async function fineTune(
  model: Model,
  frames: readonly Frame[],
  { training, maxBytes = Infinity, onStart, onStep, onValidated, signal }: FineTuneOptions = {},
): Promise<Model> {
  assertVideoModel(model, OPERATION);
  const store = storeOf(model, frames);
  const configuration = parseRunConfiguration(
    {
      model: resizeModel(model, frames[0]).description,
      training: { ...training, from: model.name },
      data: { type: 'clips', frames: [CLIP] },
    },
    { operation: OPERATION, argument: 'training', code: 'USAGE' },
  );
  const memoryBytes = estimateTrainingMemory(configuration);
  if (memoryBytes > maxBytes) {
    const remedy = 'use a smaller model, smaller frames or a smaller batch';
    const expected = `at most ${formatBytes(maxBytes)}`;
    throw errorFactory('RESOURCES', OPERATION)('memory', expected, formatBytes(memoryBytes), remedy);
  }
  const heldOut = takeLastFifths(store, [0]);
  await onStart?.({ memoryBytes, heldOutFrom: heldOut[0].from });
  const { chain, checkpoint } = createInitialCheckpoint(configuration, () => model);
  const data = createClipTrainingData(chain, store, [0], heldOut, configuration.training);
  const best = new BestModel(model.name);
  try {
    await train(chain, checkpoint, data, best, {
      ...(onStep && { onStep }),
      onEntry: ({ step, validation }) => {
        if (validation !== undefined) onValidated?.({ step, bitsPerDim: validation });
      },
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
  }
  return best.model!;
}

const OPERATION = 'learn from a clip';
/** Name of the clip in the configuration, which is not kept. */
const CLIP = 'frames';

/** Output of a training in memory: the model with the best weights so far. No state is kept to resume from. */
class BestModel implements TrainingOutput {
  readonly savedIn = null;
  /** Null before the first validation. */
  model: Model | null = null;

  constructor(private readonly name: string) {}

  saveModel(chain: Chain, { configuration, state, step }: Checkpoint): void {
    const weights = toArrays(state.weights);
    this.model = { name: this.name, ...trainedModelInfo(configuration, step), chain, weights };
  }

  writeConfiguration(): void {}

  saveTraining(): void {}

  appendLog(): void {}
}

/** Returns a store of one clip. @throws PxvError `INPUT` as `fineTune` */
function storeOf({ chain }: Model, frames: readonly Frame[]): ClipStore {
  const refused = errorFactory('INPUT', OPERATION);
  if (frames.length < MIN_FRAMES)
    throw refused('frames', `${MIN_FRAMES} at least`, String(frames.length), 'choose a longer clip');
  const shapeOf = ({ width, height, channels }: Frame) => `${width}x${height}x${channels}`;
  const shape = shapeOf({ ...frames[0], channels: chain.exampleShape.channels });
  const other = frames.find((frame) => shapeOf(frame) !== shape);
  if (other !== undefined)
    throw refused('frame', shape, shapeOf(other), "give frames of one size, in the model's colours");
  const bytes = frames[0].data.length;
  return {
    clips: [{ name: CLIP, frames: frames.length }],
    read: (_, first, count, into) => {
      for (let at = 0; at < count; at++) into.set(frames[first + at].data, at * bytes);
    },
  };
}
