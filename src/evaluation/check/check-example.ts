import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { contextLength } from '../../model/chain.js';
import { lowResolutionImageOf, type NetworkDescription } from '../../model/description.js';
import { ExampleBuffer, frameBytes, type Examples } from '../../model/examples.js';
import { checkDraws, draws } from './draws.js';

/** The random frames of a context and a random image after them, bytes that lie near those of the other frames. */
export function randomClip(description: NetworkDescription, seed: bigint | number, attempt: number): Uint8Array {
  const draw = checkDraws(seed, draws.clips + attempt);
  const bytes = frameBytes(description);
  const frames = contextLength(description) + 1;
  return Uint8Array.from({ length: frames * bytes }, (_, at) => {
    const base = 216 * draw(at % bytes);
    return Math.floor(base + 40 * draw(at % bytes, 1 + Math.floor(at / bytes)));
  });
}

/**
 * The one example of a clip as long as the context and its image; for a network that is given the image at a coarser
 * scale, that of the clip's own.
 */
export function exampleOf(description: NetworkDescription, clip: Uint8Array): Examples {
  const context = contextLength(description);
  const buffer = new ExampleBuffer({ ...description, context }, 1);
  buffer.add(clip, context + 1, false);
  const examples = buffer.tensors();
  const given = lowResolutionImageOf(description);
  if (given === null) return examples;
  const { image } = examples;
  const step = [1, given.factor, given.factor, 1];
  const lowResolutionImage = tf.stridedSlice(image, [0, 0, 0, 0], image.shape, step) as Tensor4D;
  return { ...examples, given: { ...examples.given, lowResolutionImage } };
}
