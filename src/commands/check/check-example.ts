import { tf } from '../../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { inputRequirements } from '../../conditioning/index.js';
import { subsample } from '../../conditioning/context/context-tensors.js';
import type { NetworkDescription } from '../../model/description.js';
import { ExampleBuffer, type Examples } from '../../conditioning/context/examples.js';
import { frameBytes } from '../../foundation/levels.js';
import type { Program } from '../../model/program.js';
import { checkDraws, checkStreams } from './sub-pixels.js';

/** Maximum bytes of the feature maps of a batch, and maximum batch size. */
const BATCH_BYTES = 2 ** 28;
const MAX_BATCH = 64;

/** Returns the largest batch size, from 1 to 64, at which the feature maps of a program fit in 256 MiB. */
export function imagesPerBatch({ slots, size }: Program): number {
  const features = slots.reduce((sum, slot) => sum + slot.features, 0);
  const bytes = 4 * features * size.height * size.width;
  return Math.min(MAX_BATCH, Math.max(1, Math.floor(BATCH_BYTES / bytes)));
}

/**
 * Returns random context frames followed by a random image, as bytes. All frames are similar: they share a random base,
 * with noise of up to 40 levels added to each.
 * @param attempt index of the random clip for a seed
 */
export function randomClip(description: NetworkDescription, seed: bigint | number, attempt: number): Uint8Array {
  const draw = checkDraws(seed, checkStreams.clips + attempt);
  const bytes = frameBytes(description);
  const frames = inputRequirements(description.conditioning).context + 1;
  return Uint8Array.from({ length: frames * bytes }, (_, at) => {
    const base = 216 * draw(at % bytes);
    return Math.floor(base + 40 * draw(at % bytes, 1 + Math.floor(at / bytes)));
  });
}

/**
 * Makes a batch of one example from a clip of context frames and an image. A network that reads a coarser scale gets
 * the subsampled image as conditioning input. The caller disposes the result.
 * @param clip frames as bytes, as `randomClip` returns them
 */
export function makeExample(description: NetworkDescription, clip: Uint8Array): Examples {
  const { context, coarser } = inputRequirements(description.conditioning);
  const buffer = new ExampleBuffer({ ...description, context }, 1);
  buffer.add(clip, context + 1, false);
  const examples = buffer.tensors();
  if (coarser === null) return examples;
  return {
    ...examples,
    conditioningInputs: { ...examples.conditioningInputs, coarser: subsample(examples.image, coarser.factor) },
  };
}

/** Calls `make` and returns the values of the resulting tensor. Disposes all tensors that `make` creates. */
export async function readValues(make: () => Tensor): Promise<Float32Array> {
  const tensor = tf.tidy(make);
  const values = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return values;
}
