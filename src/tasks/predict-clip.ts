import { PxvError } from '../foundation/errors.js';
import { meanFrame } from '../evaluation/forecasts.js';
import type { Frame, Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { framesAtLevels } from '../foundation/levels.js';
import { atSize } from '../model/at-size.js';
import type { Model } from '../model/checkpoint.js';
import { Past } from '../model/past.js';
import type { FutureDrawing } from '../model/future-drawing.js';
import { numberOf } from '../foundation/number-of.js';
import type { Correction } from '../sampling/correction.js';
import { expectExpectation, FrameSampler } from '../sampling/frame-sampler.js';
import { futureSettings } from '../sampling/future-settings.js';
import { expectCorrected, LEAST_FOR_HINDCASTS } from '../sampling/hindcasts.js';
import { forecast } from '../sampling/forecaster.js';
import { frameOf, rollOut } from '../sampling/roll-out.js';
import {
  checkOutput,
  filesOfClip,
  filmSize,
  gifBytes,
  isTaken,
  legibleScale,
  openClip,
  writePanels,
  type ClipReader,
  type OutputKind,
  type Panel,
  type TimeStep,
  type WrittenClip,
} from '../video/index.js';
import { Adapting } from './adapt.js';
import { parseOptions } from './check-options.js';
import { playingWarning, rateToRead, rateWarning } from './clip-rate.js';
import { framing, ownAspect } from './clip-size.js';
import { expectVideoModel } from './expect-video-model.js';
import { expectDrawingMemory, expectMemory } from './expect-memory.js';
import { drawingMemory } from './memory.js';
import type { OptionsOf, Parsed } from './options/fields.js';
import { predictClipFields, samplesOfForecast } from './options/predict-clips.js';

/** Label of the panel with the clip's own frames. */
const TRUTH = 'truth';

export type PredictClipOptions = OptionsOf<typeof predictClipFields>;

type Asked = Parsed<typeof predictClipFields>;
type Filled<O> = O & { samples: number; from: number | null };

/** What follows from other options where it is left out. */
export function filled<O extends Pick<Asked, 'forecast' | 'samples' | 'from'>>(asked: O): Filled<O> {
  const { samples = samplesOfForecast[asked.forecast], from = null } = asked;
  return { ...asked, samples, from };
}

export interface PredictedClip extends WrittenClip {
  /** Frames of the clip before the first predicted one. */
  known: number;
  predicted: number;
  /** Of each frame. */
  size: Size;
  /** At which the clip was read. */
  frameRate: FrameRate;
  /** How frames were drawn; null where nothing was. */
  settings: FutureDrawing | null;
  /**
   * Mean -log2 P of what was drawn, in bits/dim, under the model at temperature 1, given what each frame was drawn from (see
   * `FutureDrawing.carry`); null where nothing was.
   */
  bitsPerDim: number | null;
  /** Whether that is the likelihood of the frames; else it is an upper bound of their bits (see `Chain.exact`). */
  exact: boolean;
}

/**
 * Writes a clip whose last frames are predicted: the known frames as the model sees them, then for each frame of the horizon
 * a panel for each future (before them the truth, where the clip goes on). What the output says of itself is in
 * `writePanels`.
 *
 * @throws PxvError where an option is unknown or out of its range, the model is one of images, the clip cannot be read or has nothing before the first predicted
 *   frame, or the output cannot be written: then nothing is left of it; the signal's reason where it is aborted before a
 *   predicted frame is finished, or `out` takes the place of something, which then stays; else a clip that ends with the last
 *   one finished
 */
export async function predictClip(trained: Model, path: string, asked: PredictClipOptions): Promise<PredictedClip> {
  const options = filled(parseOptions('predict', predictClipFields, asked));
  const { out, overwrite = false, plain = false, slow, signal } = options;
  expectVideoModel(trained, 'predict');
  const settings = futureSettings(trained, options.settings);
  if (options.adapt) expectCorrected(trained, options.forecast === 'best-guess' ? null : settings);
  if (options.forecast === 'best-guess') expectExpectation(trained);
  const inputs = await filesOfClip(path);
  const confirm = () => checkOutput(out, { overwrite, inputs });
  const kind = await confirm();
  const keepsPart = !(await isTaken(out));
  const { channels } = trained.chain.exampleShape;
  const rate = rateToRead(trained, options.frameRate, 'predict');
  const reading = { ...framing(options, ownAspect(trained)), channels, frameRate: rate };
  const reader = await openClip(path, { ...reading, ...(signal && { signal }) });
  const { size } = reader;
  const { scale = legibleScale(kind, size, plain) } = options;
  const model = atSize(trained, size);
  expectPredictionMemory(model, kind, options, reader.aboutFrames);
  const otherRate = reader.hasRate ? rateWarning(model, reader.frameRate) : null;
  if (otherRate !== null) options.onWarning?.(otherRate);
  const sampler = new FrameSampler(model);
  const telling = keepsPart ? options.onPredicted : undefined;
  const prediction = new Prediction(model, sampler, reader, { ...options, settings, onPredicted: telling });
  try {
    const { frameRate } = reader;
    const playing = { ...frameRate, denominator: slow * frameRate.denominator };
    const tooFast = playingWarning(kind, playing);
    if (tooFast !== null) options.onWarning?.(tooFast);
    const writing = { frameRate: playing, scale, plain, confirm };
    const written = await writePanels(out, prediction.steps(), { ...writing, ...(signal && { signal }) }).catch(
      async (error: unknown) => {
        if (!signal?.aborted || prediction.predicted.length === 0 || !keepsPart) throw error;
        // The encoder has ended with the rest: another one writes what is finished.
        const again = await openClip(path, reading);
        return writePanels(out, prediction.finished(again), writing);
      },
    );
    const { known, nats, predicted } = prediction;
    const dimensions = options.samples * predicted.length * size.width * size.height * channels;
    const drawn =
      options.forecast === 'best-guess'
        ? { settings: null, bitsPerDim: null }
        : { settings, bitsPerDim: nats / Math.LN2 / dimensions };
    return { ...written, known, predicted: predicted.length, size, frameRate, ...drawn, exact: model.chain.exact };
  } finally {
    sampler.dispose();
  }
}

/**
 * Refuses a prediction that would take more memory than there is. All predicted frames are held; one is enlarged when it is
 * written, and in a contact sheet all are. Two kinds of output are not written before their last frame is there: a gif, whose
 * palette is made for all of them, and a plain sheet.
 *
 * @param model at the size of the frames
 * @param aboutFrames of the clip; null: not known
 * @throws PxvError `RESOURCES`
 */
export function expectPredictionMemory(
  model: Model,
  kind: OutputKind,
  options: Filled<Pick<Asked, 'adapt' | 'horizon' | 'forecast' | 'plain' | 'onlyPredicted' | 'scale'>>,
  aboutFrames: number | null,
): void {
  const { adapt, horizon, samples, forecast, from, plain = false, onlyPredicted = false } = options;
  const { size, channels } = model.chain.exampleShape;
  const adapting = new Adapting(adapt);
  const { scale = legibleScale(kind, size, plain) } = options;
  const enlarged = scale ** 2 * (kind === 'png' ? horizon : 1);
  expectDrawingMemory(model, {
    operation: 'predict',
    samples,
    option: '--samples',
    atAnySize: true,
    together: (count) => adapting.together(count),
    heldBytes: (count, frame) => (count * (horizon + enlarged) + adapting.keptFrames) * frame,
  });
  if (kind === 'gif' || (kind === 'png' && plain)) {
    const frames = horizon + (onlyPredicted ? 0 : (from ?? aboutFrames ?? 0));
    const panels = (forecast === 'samples' ? samples : 1) + (from === null ? 0 : 1);
    const sheet = frames * panels * channels * size.width * size.height * (1 + scale ** 2);
    const held = kind === 'gif' ? gifBytes(frames, filmSize(panels, size, scale, plain)) : sheet;
    expectMemory({
      operation: 'predict',
      argument: kind,
      bytes: drawingMemory(model.chain, adapting.together(samples)) + held,
      what: `${numberOf(frames, 'frame')}, which are held until the last is there`,
      remedy: `write an mp4 or webm${onlyPredicted ? '' : ', or leave the known frames out: --only-predicted'}`,
    });
  }
}

/** The time steps of the output as they become known. */
class Prediction {
  known = 0;
  nats = 0;
  /** The steps of the horizon that are finished. */
  readonly predicted: TimeStep[] = [];
  /** Of the panels with predicted frames. */
  private readonly labels: readonly string[];

  constructor(
    private readonly model: Model,
    private readonly sampler: FrameSampler,
    private readonly reader: ClipReader,
    private readonly options: Filled<Asked> & { settings: FutureDrawing },
  ) {
    const { forecast, samples } = options;
    if (forecast === 'best-guess') this.labels = ['best guess'];
    else if (forecast === 'mean') this.labels = [`mean of ${samples}`];
    else this.labels = Array.from({ length: samples }, (_, sample) => `sample ${sample + 1}`);
  }

  async *steps(): AsyncGenerator<TimeStep> {
    const { adapt, from, horizon, onlyPredicted = false, onRead, onHindcast, signal } = this.options;
    const about = from ?? this.reader.aboutFrames;
    const adapting = new Adapting(adapt);
    const past = new Past(this.model.chain.exampleShape, adapting.keptFrames);
    const truth: Frame[] = [];
    for await (const frame of this.framesOf(this.reader)) {
      if (from !== null && this.known === from) {
        truth.push(frame);
        if (truth.length === horizon) break;
        continue;
      }
      past.push(frame.data);
      this.known++;
      onRead?.(this.known, about && Math.max(about, this.known));
      if (!onlyPredicted) yield this.knownStep(frame, this.known - 1);
    }
    if (this.reader.warning !== null) this.options.onWarning?.(this.reader.warning);
    if (this.known === 0 || (from !== null && this.known < from)) throw tooShort(this.reader.path, this.known, from);
    if (from !== null && truth.length === 0) this.options.onWarning?.(noTruth(from));
    const corrections = await adapting.corrections(this.sampler, [past], { onProgress: onHindcast, signal });
    if (adapt && corrections[0] === null) this.options.onWarning?.(nothingLearned(this.known));
    yield* this.future(this.frames(past, corrections), truth);
  }

  /** The same again up to the last predicted frame that is finished, from a fresh reader. */
  async *finished(reader: ClipReader): AsyncGenerator<TimeStep> {
    let index = 0;
    if (!this.options.onlyPredicted) {
      for await (const frame of this.framesOf(reader)) {
        if (index === this.known) break;
        yield this.knownStep(frame, index++);
      }
    }
    yield* this.predicted;
  }

  /** As the model sees them, so that what it predicts has the same levels. */
  private framesOf(reader: ClipReader): AsyncIterable<Frame> {
    return framesAtLevels(reader.frames(), this.model.chain.exampleShape.levels);
  }

  private knownStep(frame: Frame, index: number): TimeStep {
    const labels = this.options.from === null ? this.labels : [TRUTH, ...this.labels];
    return { index, predicted: false, panels: labels.map((label) => ({ label, frame, predicted: false })) };
  }

  private async *future(future: AsyncIterable<Frame[]>, truth: readonly Frame[]): AsyncGenerator<TimeStep> {
    const { from, horizon, onPredicted } = this.options;
    for await (const frames of future) {
      const step = this.predicted.length;
      const panels: Panel[] = frames.map((frame, i) => ({ label: this.labels[i], frame, predicted: true }));
      if (from !== null) panels.unshift({ label: TRUTH, frame: truth[step] ?? null, predicted: false });
      this.predicted.push({ index: this.known + step, predicted: true, panels });
      onPredicted?.();
      yield this.predicted[step];
      if (step + 1 === horizon) return;
    }
  }

  /** What is written of each frame: the samples, their mean, or the best guess. */
  private async *frames(past: Past, corrections: readonly (Correction | null)[]): AsyncGenerator<Frame[]> {
    const { horizon, samples, forecast: kind, seed, settings, onProgress, signal } = this.options;
    const isGuess = kind === 'best-guess';
    const future = isGuess
      ? forecast(this.sampler, [past], { corrections, signal })
      : rollOut(this.sampler, past, {
          seed,
          samples,
          first: this.known,
          settings: { temperature: settings.temperature },
          corrections,
          onRow: (share) => onProgress?.((this.predicted.length + share) * samples, horizon * samples),
          signal,
        });
    for await (const made of future) {
      for (const { nats } of made) this.nats += nats;
      if (isGuess) onProgress?.(this.predicted.length + 1, horizon);
      const frames = made.map(({ bytes }) => frameOf(this.model, bytes));
      yield kind === 'mean' ? [meanFrame(frames)] : frames;
    }
  }
}

/** One line on a clip of which too little is known to learn from it. */
function nothingLearned(known: number): string {
  return `${numberOf(known, 'frame')} are too few to learn from: predicted as without --adapt; ${LEAST_FOR_HINDCASTS} or more are needed`;
}

/** One line on a first frame to predict that is the one after the clip's last. */
function noTruth(from: number): string {
  return `the clip ends before frame ${from}, so that there is no truth to show beside what is predicted; without --from its panel is left out`;
}

function tooShort(path: string, known: number, from: number | null): PxvError {
  return new PxvError({
    code: 'INPUT',
    operation: 'predict',
    argument: path,
    expected: from === null ? 'a clip of at least one frame' : `at least ${numberOf(from, 'frame')} before --from`,
    received: numberOf(known, 'frame'),
    remedy: from === null ? 'give a longer clip' : 'give an earlier --from or a longer clip',
  });
}
