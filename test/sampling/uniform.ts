import { Philox } from '../../src/foundation/philox.js';
import { noiseCounters } from '../../src/sampling/draw.js';

/** Which image of all that are drawn. */
export interface NoiseStream {
  sample: number;
  /** Index of the frame in its clip. */
  frame: number;
  /** Index of the scale, 0 the coarsest. */
  scale: number;
}

/** The number of one sub-pixel of an image, strictly between 0 and 1, as the engine has it. */
export function uniform(
  seed: number | bigint,
  { sample, frame, scale }: NoiseStream,
  position: number,
  channel: number,
): number {
  const [word0, word1, word3] = noiseCounters({ samples: [sample], frame }, scale);
  return new Philox(seed).uniform(word0, word1, position, word3 + channel);
}
