import { errorsOf } from '../foundation/errors.js';
import { giveWay } from '../foundation/give-way.js';
import { bytesOf, type Levels } from '../foundation/levels.js';
import { examplesAfter } from '../model/examples.js';
import type { FutureDrawing } from '../model/future-drawing.js';
import { Past } from '../model/past.js';
import type { Correction } from './correction.js';
import type { DrawnLevels, FrameDraw, FrameSampler } from './frame-sampler.js';
import { settingsAhead } from './future-settings.js';

/** How frames are drawn, one after another. */
export interface FuturesDraw extends Omit<FrameDraw, 'earlierPixels' | 'slower' | 'signal'> {
  /** Indices in their clips of the first frames. */
  frame: readonly number[];
  settings: FutureDrawing;
}

export interface ForecastOptions {
  /** Default: nothing is drawn, and what is expected follows itself. */
  draw?: FuturesDraw | undefined;
  /** For each past how what is shown after it is corrected, null where it is not (see `Correction`). Default: nothing is. */
  corrections?: readonly (Correction | null)[] | undefined;
  signal?: AbortSignal | undefined;
}

/** A predicted frame, height x width x channels bytes. */
export interface PredictedFrame {
  /** As it is shown: drawn, or as it is expected, and corrected where it is. */
  bytes: Uint8Array;
  /** What is expected in its place, before it is corrected: the mean over strides; null where the model learns no expected frame. */
  expected: Uint8Array | null;
  /** What is expected at each longer stride that leads to it (see `SUBSEQUENCES`), in their order. */
  slower: readonly Uint8Array[];
  /** -log P of the frame as it was drawn under the model (at temperature 1), in nats; 0 where nothing is drawn. */
  nats: number;
}

/**
 * Predicts frame after frame, those after several pasts side by side, over any horizon: what is expected of each at every stride that leads
 * to it, the mean of that, a draw about the mean where frames are drawn, and what the next ones are predicted from.
 * @param pasts stay as they are
 * @throws PxvError `USAGE` where a past has no frame; the signal's reason once it is aborted
 */
export async function* forecast(
  sampler: FrameSampler,
  pasts: readonly Past[],
  { draw, corrections, signal }: ForecastOptions = {},
): AsyncGenerator<PredictedFrame[], never> {
  if (pasts.some(({ frames }) => frames === 0))
    throw errorsOf('USAGE', 'predict')(
      'past',
      'one frame at least',
      'none',
      "push the clip's last frames into it first",
    );
  const futures = pasts.map((past) => past.copy());
  const { exampleShape: shape } = sampler.model.chain;
  for (let ahead = 1; ; ahead++) {
    await giveWay();
    signal?.throwIfAborted();
    const slower = await expectedSlower(sampler, futures);
    signal?.throwIfAborted();
    // Drawn about what is expected, or that itself.
    const examples = Past.examples(futures);
    const frames: DrawnLevels[] = draw
      ? await sampler.draw(examples, {
          ...draw,
          frame: draw.frame.map((first) => first + ahead - 1),
          earlierPixels: draw.settings.carry === 1,
          slower,
          settings: settingsAhead(draw.settings, ahead - 1),
          signal,
        })
      : (await sampler.expected(examples, slower)).map((mean) => ({ levels: mean, expected: mean, nats: 0 }));
    for (const [index, frame] of frames.entries()) carryOn(futures[index], frame, draw?.settings.carry ?? 0);
    yield frames.map(({ levels, expected: mean, nats }, index) => {
      const bytes = bytesOf(shape, levels);
      if (mean === null) return { bytes, expected: null, slower: [], nats };
      const expected = { mean: bytesOf(shape, mean), slower: slower[index].map((of) => bytesOf(shape, of)) };
      const shown = corrections?.[index]?.shown(ahead, expected, bytes) ?? bytes;
      return { bytes: shown, expected: expected.mean, slower: expected.slower, nats };
    });
  }
}

/** What is expected of the next frame of each future at longer strides. */
async function expectedSlower(sampler: FrameSampler, futures: readonly Past[]): Promise<Levels[][]> {
  const windows = futures.map((future) => future.leading().slice(1));
  const expected = futures.map((): Levels[] => []);
  // Stride after stride, so that no more conditionings run at a time than there are futures.
  for (let at = 0; windows.some(({ length }) => at < length); at++) {
    const due = [...windows.keys()].filter((future) => at < windows[future].length);
    await giveWay();
    const given = due.map((future) => windows[future][at].window);
    const frames = await sampler.expected(examplesAfter(sampler.model.chain.exampleShape, given));
    due.forEach((future, index) => expected[future].push(frames[index]));
  }
  return expected;
}

/**
 * Goes on by a frame: what is expected of it, and of what it was drawn to be beyond that a share. All of it counts as known; else
 * known motion goes on.
 */
function carryOn(future: Past, { levels, expected }: DrawnLevels, carry: number): void {
  if (carry === 1 || expected === null) future.addKnown(levels);
  else future.addExpected(levels.map((level, at) => Math.round(expected[at] + carry * (level - expected[at]))));
}
