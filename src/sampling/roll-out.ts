import { z } from 'zod';
import { PxvError } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import type { Model } from '../model/checkpoint.js';
import { Context } from '../model/context.js';
import type { FutureDrawing } from '../model/future-drawing.js';
import { parseConfiguration } from '../model/parse-configuration.js';
import { numberOf } from '../foundation/number-of.js';
import { DEFAULT_SEED } from '../foundation/philox.js';
import { byteOf, levelOf } from '../foundation/levels.js';
import type { Correction } from './correction.js';
import { drawSettingsSchema, type DrawSettings } from './draw.js';
import { expectAhead, expectedSlower } from './expect-ahead.js';
import type { DrawnFrame, FrameDraw, FrameSampler } from './frame-sampler.js';
import { futureSettings, settingsAhead } from './future-settings.js';
import { Noise } from './noise.js';
import { StridedContexts } from './strided-contexts.js';

/** How futures are drawn side by side. */
export interface RollOutOptions {
  /** Default: 1. */
  seed?: bigint | number | undefined;
  /**
   * How many futures, or of each which sample of the seed it is; each has noise of its own. Default: one for each context.
   */
  samples?: number | readonly number[] | undefined;
  /**
   * Index in the clip of the first frame to predict: one for all futures, or one for each; the same frame is drawn from the same
   * noise. Default: as many frames as the context was told of.
   */
  first?: number | readonly number[] | undefined;
  /** Default: as the model says (see `futureSettings`). */
  settings?: Partial<DrawSettings> | undefined;
  /**
   * How each future is corrected, null where it is not (see `learnCorrection`): drawn frames are shifted by as much as what is expected of
   * them. The frames after them are predicted as without, and `nats` stay those of what was drawn. Where drawn frames are carried on as they
   * are, nothing is corrected. Default: nothing is.
   */
  corrections?: readonly (Correction | null)[] | undefined;
  /** Told after each row of each frame, with the share of the frame, over all samples, that is done. */
  onRow?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const SOURCE = { operation: 'roll out', argument: 'options', code: 'USAGE' } as const;

const index = z.int().min(0);
const schema = z.strictObject({
  seed: z.union([z.number(), z.bigint()]).optional(),
  samples: z
    .union([z.int().min(1), z.array(index).min(1).readonly()], 'expected how many, or a list of them')
    .optional(),
  first: z.union([index, z.array(index).readonly()], 'expected one index, or one for each future').optional(),
  settings: drawSettingsSchema.optional(),
  corrections: z
    .array(z.custom<Correction | null>((value) => typeof value === 'object'))
    .readonly()
    .optional(),
  onRow: z.custom<(share: number) => void>((value) => typeof value === 'function', 'expected a function').optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

/**
 * Predicts frame after frame, that of every sample at once: what is carried on of each predicted frame (`FutureDrawing.carry`) is
 * context for the next, over any horizon.
 *
 * @param context what is known before the first predicted frame: one for all futures, or one for each
 * @throws PxvError `USAGE` where an option is unknown or out of its range, or has no meaning for the model
 */
export function rollOut(
  sampler: FrameSampler,
  context: Context | readonly Context[],
  options: RollOutOptions = {},
): AsyncGenerator<DrawnFrame[], never> {
  const asked = parseConfiguration<z.infer<typeof schema>>(schema, options, SOURCE);
  const contexts = context instanceof Context ? [context] : context;
  const { seed = DEFAULT_SEED, samples: wanted = contexts.length } = asked;
  const samples = typeof wanted === 'object' ? wanted : Array.from({ length: wanted }, (_, sample) => sample);
  const known = forEach('contexts', contexts, samples);
  const { first = known.map(({ frames }) => frames) } = asked;
  const settings = futureSettings(sampler.model, asked.settings);
  const futures = known.map((one) => new StridedContexts(one, settings.carry < 1));
  const corrections = settings.carry < 1 ? (options.corrections ?? [null]) : [null];
  return drawOn(sampler, futures, {
    noise: new Noise(seed),
    samples,
    frame: forEach('first', typeof first === 'number' ? [first] : first, samples),
    corrections: forEach('corrections', corrections, samples),
    settings,
    onRow: asked.onRow,
    signal: asked.signal,
  });
}

/** One for all futures, or one for each, as one for each. */
function forEach<T>(argument: string, values: readonly T[], futures: readonly unknown[]): readonly T[] {
  if (values.length === futures.length) return values;
  if (values.length === 1) return futures.map(() => values[0]);
  throw new PxvError({
    ...SOURCE,
    argument,
    expected: `one, or one for each of ${numberOf(futures.length, 'future')}`,
    received: `${values.length}`,
    remedy: 'give as many as samples',
  });
}

interface FuturesDraw extends FrameDraw {
  frame: readonly number[];
  corrections: readonly (Correction | null)[];
  settings: FutureDrawing;
}

async function* drawOn(
  sampler: FrameSampler,
  futures: readonly StridedContexts[],
  { frame: first, corrections, ...draw }: FuturesDraw,
): AsyncGenerator<DrawnFrame[], never> {
  const { levels } = sampler.model.chain.exampleShape;
  for (let step = 0; ; step++) {
    draw.signal?.throwIfAborted();
    const { carry } = draw.settings;
    const elsewhere = await expectedSlower(sampler, futures);
    const last = futures.map((contexts) => contexts.last);
    const drawn = await sampler.draw(Context.examples(last), {
      ...draw,
      frame: first.map((index) => index + step),
      sought: carry === 1,
      elsewhere,
      settings: settingsAhead(draw.settings, step),
    });
    for (const [future, one] of drawn.entries()) {
      if (carry === 1) last[future].push(one.bytes);
      else futures[future].follow(carriedOn(one, carry, levels));
    }
    yield drawn.map((one, future) => {
      const [correction, slower] = [corrections[future], elsewhere[future]];
      if (correction === null) return one;
      const corrected = correction.corrected(step + 1, { mean: one.expected!, slower });
      const shifted = corrected.map((value, i) => value + one.bytes[i] - one.expected![i]);
      return { ...one, bytes: roundedBytes(shifted, levels) };
    });
  }
}

/** What the frames after a drawn one are predicted from, in its place. */
function carriedOn({ bytes, expected }: DrawnFrame, carry: number, levels: number): Uint8Array {
  return bytes.map((byte, i) => {
    const anchor = levelOf(expected![i], levels);
    return byteOf(Math.round(anchor + carry * (levelOf(byte, levels) - anchor)), levels);
  });
}

/** How the best guess is made. */
export interface BestGuess {
  /** How what is expected is corrected; the frames after it are predicted as without. Default: it is not. */
  correction?: Correction | null | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The deterministic forecast: frame after frame the expected one (see `FrameSampler.expected`), at several strides, each the
 * context for the next, over any horizon.
 *
 * @returns height x width x channels bytes of each frame
 */
export async function* bestGuess(
  sampler: FrameSampler,
  context: Context,
  { correction, signal }: BestGuess = {},
): AsyncGenerator<Uint8Array, never> {
  const { levels } = sampler.model.chain.exampleShape;
  const steps = expectAhead(sampler, [new StridedContexts(context, true)], signal);
  for (let ahead = 1; ; ahead++) {
    const [expectation] = (await steps.next()).value;
    yield correction ? roundedBytes(correction.corrected(ahead, expectation), levels) : expectation.mean;
  }
}

/** The bytes that show the levels nearest to a frame. */
function roundedBytes(frame: Float32Array, levels: number): Uint8Array {
  const highest = levels - 1;
  return Uint8Array.from(frame, (value) => {
    const level = Math.round((value / 255) * highest);
    return byteOf(Math.min(Math.max(level, 0), highest), levels);
  });
}

/** A frame at a model's size. */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.chain.exampleShape;
  return { ...size, channels, data };
}
