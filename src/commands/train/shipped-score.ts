import { tf } from '../../foundation/tfjs.js';
import type { ExampleShape } from '../../conditioning/context/examples.js';
import type { ProcessGroup } from '../../distributed/process-group.js';
import { DEFAULT_VIDEO_MODEL, loadModel } from '../../model/checkpoint.js';
import { toTensors, type Model } from '../../model/model.js';
import { resizeModel } from '../../model/resize-model.js';
import { listShippedModels } from '../../model/shipped-models.js';
import type { ClipStore } from '../../training/random-frames.js';
import { validate, type ClipTail } from '../../training/validation.js';
import type { OpenData } from './data-source.js';

/** Score of a shipped model on the frames that a training validates on. @inline */
export interface ShippedScore {
  /** Name of the shipped model. */
  name: string;
  bitsPerDim: number;
}

/**
 * Scores a shipped model on the held-out frames of a training on clips, for comparison. The model is `from` if `from`
 * is shipped, else `DEFAULT_VIDEO_MODEL`.
 * @param from model that the training started from; null for random weights
 * @param onCompare called with the name of the model before the model is scored
 * @returns null if the model is not installed or has other channels or levels, or if no clip frames are held out
 * @throws PxvError as `loadModel`
 */
export async function scoreShipped(
  scoreModel: OpenData<unknown>['scoreModel'],
  from: string | null,
  processGroup: ProcessGroup,
  onCompare?: (name: string) => void,
): Promise<ShippedScore | null> {
  const installed = listShippedModels();
  const name = from !== null && installed.includes(from) ? from : DEFAULT_VIDEO_MODEL;
  if (scoreModel === undefined || !installed.includes(name)) return null;
  onCompare?.(name);
  const bitsPerDim = await scoreModel(loadModel(name), processGroup);
  return bitsPerDim === null ? null : { name, bitsPerDim };
}

/**
 * Returns bits/dim of a model, resized to the stored frames, on the held-out frames that a training validates on.
 * Returns null if the model has other channels or levels.
 * @param shape shape of the stored frames
 * @param parts held-out ends of clips
 * @param frames number of frames to score, spread over `parts`
 */
export async function scoreOnTails(
  model: Model,
  shape: ExampleShape,
  store: ClipStore,
  parts: readonly ClipTail[],
  frames: number,
  processGroup: ProcessGroup,
): Promise<number | null> {
  const { chain, weights } = resizeModel(model, shape.size);
  const { channels, levels } = chain.exampleShape;
  if (channels !== shape.channels || levels !== shape.levels) return null;
  const tensors = toTensors(weights, chain.parameters);
  try {
    // Frame by frame, which takes little memory beside the training.
    return await validate(chain, tensors, store, parts, frames, 1, processGroup);
  } finally {
    tf.dispose(tensors);
  }
}
