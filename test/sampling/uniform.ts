import { philox4x32 } from '../../src/foundation/philox.js';
import { Noise, type NoiseStream } from '../../src/sampling/noise.js';

const block = new Uint32Array(4);

/** The number of one sub-pixel of an image, strictly between 0 and 1, as the engine has it. */
export function uniform(noise: Noise, stream: NoiseStream, position: number, channel: number): number {
  const [sample, frame, word] = Noise.words(stream);
  philox4x32(Uint32Array.of(sample, frame, position, word + channel), noise.key, block);
  return (block[0] + 0.5) / 2 ** 32;
}
