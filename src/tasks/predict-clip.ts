import { PxvError } from '../errors.js';
import { meanFrame } from '../evaluation/forecasts.js';
import type { Frame } from '../frame.js';
import type { FrameRate } from '../frame-rate.js';
import type { Model } from '../model/checkpoint.js';
import { Context } from '../model/context.js';
import { frameBytes } from '../model/examples.js';
import { expectExpectation, FrameSampler } from '../sampling/frame-sampler.js';
import { futureSettings, type FutureSettings } from '../sampling/future-settings.js';
import { bestGuess, frameOf, rollOut } from '../sampling/roll-out.js';
import {
  checkOutput,
  filesOfClip,
  openClip,
  outputKind,
  writeClip,
  type ClipReader,
  type Fit,
  type WrittenClip,
} from '../video/index.js';
import { rateToRead, rateWarning, type AskedRate } from './clip-rate.js';
import { expectVideoModel } from './expect-video-model.js';
import { expectDrawingMemory } from './expect-memory.js';

export interface PredictClipOptions {
  out: string;
  /** Whether `out` may take the place of what is there. Default: it may not, and never of the clip. */
  overwrite?: boolean;
  /** Frames to predict. */
  horizon: number;
  /** Futures to draw, side by side in the output. */
  samples: number;
  /**
   * What is written of each predicted frame: every sample, the default; the mean of the samples; or the best guess, the
   * expected frame fed back, for which nothing is drawn.
   */
  forecast?: 'samples' | 'mean' | 'best-guess';
  /** Index of the first frame to predict; null: the one after the clip's last. Where there is a truth, it stands beside. */
  from: number | null;
  /** How frames are drawn, over what `futureSettings` has for the model. */
  settings?: Partial<FutureSettings>;
  seed: bigint | number;
  /** Screen pixels for one pixel of the model. */
  scale: number;
  fit: Fit;
  /** Rate to bring the clip to. Default: its own, with a warning where the model learned at another. */
  frameRate?: AskedRate | undefined;
  /** Told after each row that is drawn: frames finished, as a fraction, and their number over all samples. */
  onProgress?: (done: number, total: number) => void;
  onWarning?: (text: string) => void;
  signal?: AbortSignal;
}

export interface PredictedClip extends WrittenClip {
  /** Frames of the clip before the first predicted one. */
  known: number;
  predicted: number;
  /** At which the clip was read and the output plays. */
  frameRate: FrameRate;
  /** Mean -log2 P of what was drawn, in bits/dim, under the model at temperature 1; null where nothing was. */
  bitsPerDim: number | null;
  /** Whether that is the likelihood of the frames; else it is an upper bound of their bits (see `Chain.exact`). */
  exact: boolean;
}

/**
 * Writes a clip whose last frames are predicted: the known frames at the model's size, then for each frame of the horizon
 * the futures side by side (before them the truth, where the clip goes on).
 *
 * @throws PxvError where the model is one of images, the clip cannot be read or has nothing before the first predicted
 *   frame, or the output cannot be written: then nothing is left of it; the signal's reason where it is aborted before a
 *   predicted frame is finished, and else a clip that ends with the last one finished
 */
export async function predictClip(model: Model, path: string, options: PredictClipOptions): Promise<PredictedClip> {
  const { out, overwrite = false, scale, signal, fit } = options;
  expectVideoModel(model, 'predict');
  const settings = futureSettings(model, options.settings);
  if (options.forecast === 'best-guess') expectExpectation(model);
  await checkOutput(out, { overwrite, inputs: await filesOfClip(path) });
  const { size, channels } = model.chain.examples;
  const frame = frameBytes(model.chain.examples);
  expectDrawingMemory(model, {
    operation: 'predict',
    samples: options.samples,
    option: '--samples',
    // One that is being written is enlarged; a contact sheet is drawn of all.
    heldBytes: (samples) =>
      samples * frame * (options.horizon + scale ** 2 * (outputKind(out) === 'png' ? options.horizon : 1)),
  });
  const asked = rateToRead(model, options.frameRate, 'predict');
  const reading = { size, channels, fit, frameRate: asked };
  const reader = await openClip(path, { ...reading, ...(signal && { signal }) });
  const otherRate = reader.hasRate ? rateWarning(model, reader.frameRate) : null;
  if (otherRate !== null) options.onWarning?.(otherRate);
  const sampler = new FrameSampler(model);
  const prediction = new Prediction(model, sampler, reader, settings, options);
  try {
    const { frameRate } = reader;
    const written = await writeClip(out, prediction.frames(), { frameRate, scale, ...(signal && { signal }) }).catch(
      async (error: unknown) => {
        if (!signal?.aborted || prediction.predicted.length === 0) throw error;
        // The encoder has ended with the rest: another one writes what is finished.
        const again = await openClip(path, reading);
        return writeClip(out, prediction.finished(again), { frameRate, scale });
      },
    );
    const { known, nats, predicted } = prediction;
    const dimensions = options.samples * predicted.length * size.width * size.height * channels;
    const bitsPerDim = options.forecast === 'best-guess' ? null : nats / Math.LN2 / dimensions;
    return { ...written, known, predicted: predicted.length, frameRate, bitsPerDim, exact: model.chain.exact };
  } finally {
    sampler.dispose();
  }
}

/** The frames of the output as they become known. */
class Prediction {
  known = 0;
  nats = 0;
  /** The frames of the horizon that are finished, all panels of each in one. */
  readonly predicted: Frame[] = [];

  constructor(
    private readonly model: Model,
    private readonly sampler: FrameSampler,
    private readonly reader: ClipReader,
    private readonly settings: FutureSettings,
    private readonly options: PredictClipOptions,
  ) {}

  async *frames(): AsyncGenerator<Frame> {
    const { from, horizon } = this.options;
    const context = new Context(this.model.chain.examples);
    const truth: Frame[] = [];
    for await (const frame of this.reader.frames()) {
      if (from !== null && this.known === from) {
        truth.push(frame);
        if (truth.length === horizon) break;
        continue;
      }
      context.push(frame.data);
      this.known++;
      yield this.inEveryPanel(frame);
    }
    if (this.reader.warning !== null) this.options.onWarning?.(this.reader.warning);
    if (this.known === 0 || (from !== null && this.known < from)) throw tooShort(this.reader.path, this.known, from);
    yield* this.future(context, truth);
  }

  /** The same again up to the last predicted frame that is finished, from a fresh reader. */
  async *finished(reader: ClipReader): AsyncGenerator<Frame> {
    let known = 0;
    for await (const frame of reader.frames()) {
      if (known++ === this.known) break;
      yield this.inEveryPanel(frame);
    }
    yield* this.predicted;
  }

  private inEveryPanel(frame: Frame): Frame {
    const { from, samples, forecast = 'samples' } = this.options;
    const panels = (forecast === 'samples' ? samples : 1) + (from === null ? 0 : 1);
    return beside(Array.from({ length: panels }, () => frame));
  }

  private async *future(context: Context, truth: readonly Frame[]): AsyncGenerator<Frame> {
    const { from, horizon } = this.options;
    const future = this.options.forecast === 'best-guess' ? this.guesses(context) : this.samples(context);
    for await (const frames of future) {
      const step = this.predicted.length;
      const panels = [...frames];
      if (from !== null) panels.unshift(truth[step] ?? blank(panels[0]));
      this.predicted.push(beside(panels));
      yield this.predicted[step];
      if (step + 1 === horizon) return;
    }
  }

  /** What is written of each frame that is drawn: the samples, or their mean. */
  private async *samples(context: Context): AsyncGenerator<Frame[]> {
    const { horizon, samples, forecast, seed, onProgress, signal } = this.options;
    const future = rollOut(this.sampler, context, {
      seed,
      samples: Array.from({ length: samples }, (_, sample) => sample),
      first: this.known,
      settings: this.settings,
      onRow: (share) => onProgress?.((this.predicted.length + share) * samples, horizon * samples),
      signal,
    });
    for await (const drawn of future) {
      for (const { nats } of drawn) this.nats += nats;
      const frames = drawn.map(({ bytes }) => frameOf(this.model, bytes));
      yield forecast === 'mean' ? [meanFrame(frames)] : frames;
    }
  }

  private async *guesses(context: Context): AsyncGenerator<Frame[]> {
    const { horizon, onProgress, signal } = this.options;
    for await (const bytes of bestGuess(this.sampler, context, signal)) {
      onProgress?.(this.predicted.length + 1, horizon);
      yield [frameOf(this.model, bytes)];
    }
  }
}

/** Frames of one size side by side, from left to right. */
function beside(frames: readonly Frame[]): Frame {
  if (frames.length === 1) return frames[0];
  const { width, height, channels } = frames[0];
  const row = width * channels;
  const data = new Uint8Array(frames.length * row * height);
  frames.forEach((frame, panel) => {
    for (let y = 0; y < height; y++) {
      data.set(frame.data.subarray(y * row, (y + 1) * row), (y * frames.length + panel) * row);
    }
  });
  return { width: frames.length * width, height, channels, data };
}

/** Stands for the truth where the clip has ended. */
function blank(frame: Frame): Frame {
  return { ...frame, data: new Uint8Array(frame.data.length) };
}

function tooShort(path: string, known: number, from: number | null): PxvError {
  return new PxvError({
    code: 'INPUT',
    operation: 'predict',
    argument: path,
    expected: from === null ? 'a clip of at least one frame' : `at least ${from} frames before --from`,
    received: `${known} frame${known === 1 ? '' : 's'}`,
    remedy: from === null ? 'give a longer clip' : 'give an earlier --from or a longer clip',
  });
}
