import type { Model } from '../model/checkpoint.js';
import type { Context } from '../model/context.js';
import type { Frame } from '../frame.js';
import type { DrawSettings } from './draw.js';
import { FrameSampler, type DrawnFrame } from './frame-sampler.js';
import { Noise } from './noise.js';

/** How a future is drawn. */
export interface RollOut {
  seed: bigint | number;
  /** Counts futures of the same seed: each has noise of its own. */
  sample: number;
  /** Index in the clip of the first frame to predict. */
  first: number;
  settings: DrawSettings;
  /** Told after each row of each frame, with the share of the frame that is done. */
  onRow?: (share: number) => void;
  signal?: AbortSignal | undefined;
}

/** Predicts frame after frame: each predicted frame is context for the next, over any horizon. */
export async function* rollOut(
  sampler: FrameSampler,
  context: Context,
  options: RollOut,
): AsyncGenerator<DrawnFrame, never> {
  const noise = new Noise(options.seed);
  const known = context.copy();
  for (let frame = options.first; ; frame++) {
    const drawn = await sampler.draw(known.example(), {
      noise,
      sample: options.sample,
      frame,
      settings: options.settings,
      onRow: (share) => options.onRow?.(share),
      signal: options.signal,
    });
    known.push(drawn.bytes);
    yield drawn;
  }
}

/** A frame at a model's size. */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.chain.examples;
  return { ...size, channels, data };
}
