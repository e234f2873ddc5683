import type { Model } from '../model/checkpoint.js';
import { Context } from '../model/context.js';
import type { Frame } from '../frame.js';
import type { DrawSettings } from './draw.js';
import { FrameSampler, type DrawnFrame } from './frame-sampler.js';
import { Noise } from './noise.js';

/** How futures are drawn side by side. */
export interface RollOut {
  seed: bigint | number;
  /** Of each future: which sample of the seed it is; each has noise of its own. */
  samples: readonly number[];
  /** Index in the clip of the first frame to predict. */
  first: number;
  settings: DrawSettings;
  /** Told after each row of each frame, with the share of the frame, over all samples, that is done. */
  onRow?: (share: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Predicts frame after frame, that of every sample at once: each predicted frame is context for the next, over any
 * horizon.
 */
export async function* rollOut(
  sampler: FrameSampler,
  context: Context,
  options: RollOut,
): AsyncGenerator<DrawnFrame[], never> {
  const noise = new Noise(options.seed);
  const contexts = options.samples.map(() => context.copy());
  for (let frame = options.first; ; frame++) {
    const drawn = await sampler.draw(Context.examples(contexts), {
      noise,
      samples: options.samples,
      frame,
      settings: options.settings,
      onRow: (share) => options.onRow?.(share),
      signal: options.signal,
    });
    drawn.forEach(({ bytes }, future) => contexts[future].push(bytes));
    yield drawn;
  }
}

/** A frame at a model's size. */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.chain.examples;
  return { ...size, channels, data };
}
