import type { NetworkDescription } from '../../model/description.js';
import { contextLength, ExampleBuffer, frameBytes, type Examples } from '../../model/examples.js';
import { Philox, purposes } from '../../philox.js';

/** The random frames of a context and a random image after them, bytes that lie near those of the other frames. */
export function randomClip(description: NetworkDescription, seed: bigint | number, attempt: number): Uint8Array {
  const philox = new Philox(seed);
  const bytes = frameBytes(description);
  const frames = contextLength(description) + 1;
  const draw = (frame: number, at: number) => philox.uniform(at, frame, 1 + attempt, purposes.checks);
  return Uint8Array.from({ length: frames * bytes }, (_, at) => {
    const base = 216 * draw(0, at % bytes);
    return Math.floor(base + 40 * draw(1 + Math.floor(at / bytes), at % bytes));
  });
}

/** The one example of a clip as long as the context and its image. */
export function exampleOf(description: NetworkDescription, clip: Uint8Array): Examples {
  const buffer = new ExampleBuffer(description, 1);
  buffer.add(clip, contextLength(description) + 1, false);
  return buffer.tensors();
}
