import type { Model } from '../model/checkpoint.js';
import { Context } from '../model/context.js';
import type { Frame } from '../frame.js';
import { FrameSampler, type DrawnFrame } from './frame-sampler.js';
import { futureSettings, type FutureSettings } from './future-settings.js';
import { Noise } from './noise.js';

/** Futures of one context that share the strata of their noise: see `Noise`. */
const STRATA = 8;

/** How futures are drawn side by side. */
export interface RollOut {
  seed: bigint | number;
  /** Of each future: which sample of the seed it is. Each has noise of its own, spread over those that share strata. */
  samples: readonly number[];
  /** Index in the clip of the first frame to predict: one for all futures, or one for each. */
  first: number | readonly number[];
  /** Default, also of each that is left out: as `pxv predict` draws with the model. */
  settings?: Partial<FutureSettings> | undefined;
  /** Told after each row of each frame, with the share of the frame, over all samples, that is done. */
  onRow?: (share: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Predicts frame after frame, that of every sample at once: each predicted frame is context for the next, over any
 * horizon.
 *
 * @param context what is known before the first predicted frame: one for all futures, or one for each
 * @throws PxvError `USAGE` where a setting is unknown or out of its range, or has no meaning for the model
 */
export async function* rollOut(
  sampler: FrameSampler,
  context: Context | readonly Context[],
  options: RollOut,
): AsyncGenerator<DrawnFrame[], never> {
  const { samples, first } = options;
  const settings = futureSettings(sampler.model, options.settings);
  const noise = new Noise(options.seed, STRATA);
  const contexts = samples.map((_, future) => (context instanceof Context ? context : context[future]).copy());
  for (let step = 0; ; step++) {
    const drawn = await sampler.draw(Context.examples(contexts, settings.noise), {
      noise,
      samples,
      frame: samples.map((_, future) => (typeof first === 'number' ? first : first[future]) + step),
      settings,
      onRow: (share) => options.onRow?.(share),
      signal: options.signal,
    });
    drawn.forEach(({ bytes }, future) => contexts[future].push(bytes));
    yield drawn;
  }
}

/**
 * The deterministic forecast: frame after frame the expected one (see `FrameSampler.expected`), each the context for the
 * next, over any horizon.
 *
 * @returns height x width x channels bytes of each frame
 */
export async function* bestGuess(
  sampler: FrameSampler,
  context: Context,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, never> {
  const known = context.copy();
  for (;;) {
    signal?.throwIfAborted();
    const [frame] = await sampler.expected(Context.examples([known]));
    known.pushExpected(frame);
    yield frame;
  }
}

/** A frame at a model's size. */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.chain.exampleShape;
  return { ...size, channels, data };
}
