import { errorFactory } from '../../foundation/errors.js';
import type { Frame } from '../../foundation/frame.js';
import { pluralize } from '../../foundation/pluralize.js';
import { frameOf, type Model } from '../../model/model.js';
import type { SamplingSettings } from '../../model/sampling-settings.js';
import { FrameHistory } from '../../conditioning/context/examples.js';
import type { Correction } from '../../sampling/correction.js';
import { forecast, rollOut } from '../../sampling/forecaster.js';
import { FrameSampler } from '../../sampling/frame-sampler.js';
import { MIN_HINDCAST_FRAMES } from '../../sampling/hindcasts.js';
import type { ClipReader, Panel, TimeStep } from '../../video/index.js';
import { ClipAdaptation } from '../../evaluation/clip-adaptation.js';
import type { ParsedOptions } from '../../foundation/option-fields.js';
import type { FrameRange } from './frame-range.js';
import type { predictClipFields } from './options.js';

/** Options for `Prediction`, with defaults filled in. */
export interface PredictionOptions extends ParsedOptions<typeof predictClipFields> {
  /** Sampling settings of drawn frames. */
  settings: SamplingSettings;
}

/**
 * Prediction of a clip: a stream of time steps, of its last known frames and then of predicted frames. A time step has
 * a panel for each sample or for the best guess, and one for the true frame if `range.hasTruth`.
 */
export class Prediction {
  /** Sum of -log P of the finished predicted frames, in nats (see `PredictedFrame`). */
  nats = 0;
  /** Predicted time steps so far, in order; known time steps are not included. */
  readonly finished: TimeStep[] = [];
  /** True frames of the clip over the horizon. */
  private readonly truth: Frame[] = [];
  private readonly history: FrameHistory;
  private readonly adaptation: ClipAdaptation;
  private readonly sampler: FrameSampler;

  /**
   * @param model model at the size of the clip's frames
   * @param range frames to read, show and predict; overrides the options that it was resolved from
   * @throws PxvError `USAGE` if no backend was chosen
   */
  constructor(
    model: Model,
    private readonly clip: ClipReader,
    private readonly range: FrameRange,
    private readonly options: PredictionOptions,
  ) {
    this.adaptation = new ClipAdaptation(options.adapt);
    this.history = new FrameHistory(model.chain.exampleShape, this.adaptation.keptFrames);
    this.sampler = new FrameSampler(model);
  }

  /** Number of frames before the first predicted frame. */
  get known(): number {
    return this.history.frames;
  }

  /**
   * Yields the time steps: known frames as they are read, then predicted frames as they are finished.
   * @throws PxvError `INPUT` if the clip cannot be read, or no frame is known before the first predicted one;
   *   `CHECKPOINT` if probabilities are not finite; the signal's reason if aborted
   */
  async *steps(): AsyncGenerator<TimeStep> {
    yield* this.knownSteps();
    const corrections = await this.learnCorrections();
    yield* this.predictedSteps(corrections);
  }

  /**
   * Yields the time steps again: the known frames that are shown, then the finished predicted frames.
   * @param clip the same clip, opened again
   */
  async *replay(clip: ClipReader): AsyncGenerator<TimeStep> {
    let index = Math.max(0, this.known - this.range.shown);
    for await (const frame of clip.frames(index)) {
      if (index === this.known) break;
      yield this.knownStep(index++, frame);
    }
    yield* this.finished;
  }

  /** Disposes the tensors of the model. */
  dispose(): void {
    this.sampler.dispose();
  }

  /** Yields the time steps of the last `shown` known frames, at once if they are known to be the last. */
  private async *knownSteps(): AsyncGenerator<TimeStep> {
    const { first, shown } = this.range;
    const last: TimeStep[] = [];
    for await (const frame of this.readKnown()) {
      const index = this.known - 1;
      if (first !== null && index < first - shown) continue;
      const step = this.knownStep(index, frame);
      if (first !== null || shown === Infinity) yield step;
      else if (last.push(step) > shown) last.shift();
    }
    yield* last;
  }

  /**
   * Yields the known frames as they are read, adds them to the history, and collects the true frames of the horizon.
   * @throws PxvError `INPUT` if the clip has no frame before the first frame to predict, or ends before that
   */
  private async *readKnown(): AsyncGenerator<Frame> {
    const { history, clip, truth } = this;
    const { first, heldOut, horizon, estimatedKnown } = this.range;
    const { onRead, onWarning } = this.options;
    const start = this.firstRead();
    history.skip(start);
    for await (const next of clip.frames(start)) {
      // Held-out frames are known to be the last once the clip has ended.
      truth.push(next);
      const isPredicted = history.frames === first;
      if (isPredicted && truth.length === horizon) break;
      if (isPredicted || truth.length <= heldOut) continue;
      const frame = truth.shift()!;
      history.push(frame.data);
      onRead?.(history.frames, estimatedKnown && Math.max(estimatedKnown, history.frames));
      yield frame;
    }
    if (clip.warning !== null) onWarning?.(clip.warning);
    if (history.frames === 0 || history.frames < (first ?? 0)) throw tooShort(clip.path, history.frames, this.range);
    if (first !== null && truth.length === 0) onWarning?.(noTruth(first));
  }

  /** Returns the index of the first frame to read: above 0 only for a seekable clip. */
  private firstRead(): number {
    const { estimatedFrames, isSeekable } = this.clip;
    if (!isSeekable) return 0;
    const { first, heldOut, shown } = this.range;
    const end = Math.min(first ?? Infinity, estimatedFrames! - heldOut);
    return Math.max(0, end - Math.max(shown, this.history.remembered));
  }

  /** Returns the correction of the predicted frames by hindcasts, or null, as a list of one. */
  private async learnCorrections(): Promise<(Correction | null)[]> {
    const { adapt, onHindcast, onWarning, signal } = this.options;
    const learning = { onProgress: onHindcast, signal };
    const corrections = await this.adaptation.corrections(this.sampler, [this.history], learning);
    if (adapt && corrections[0] === null) onWarning?.(nothingLearned(this.known));
    return corrections;
  }

  /** Yields the time steps of the horizon. */
  private async *predictedSteps(corrections: readonly (Correction | null)[]): AsyncGenerator<TimeStep> {
    const { finished, known, truth, sampler } = this;
    const { horizon } = this.range;
    const { forecast: kind, onProgress, onPredicted } = this.options;
    for await (const predicted of this.forecast(corrections)) {
      const ahead = finished.length;
      const frames = predicted.map(({ bytes }) => frameOf(sampler.model, bytes));
      for (const { nats } of predicted) this.nats += nats;
      finished.push(this.stepOf(known + ahead, true, frames, truth[ahead] ?? null));
      if (kind === 'best-guess') onProgress?.(finished.length, horizon);
      onPredicted?.();
      yield finished[ahead];
      if (finished.length === horizon) return;
    }
  }

  /** Returns the frames after the known ones, of all samples or of the best guess, step by step and without end. */
  private forecast(corrections: readonly (Correction | null)[]) {
    const { history, sampler, finished } = this;
    const { forecast: kind, samples, seed, settings, onProgress, signal } = this.options;
    if (kind === 'best-guess') return forecast(sampler, [history], { corrections, signal });
    return rollOut(sampler, history, {
      seed,
      samples,
      corrections,
      signal,
      settings: { temperature: settings.temperature },
      onRow: (fraction) => onProgress?.((finished.length + fraction) * samples, this.range.horizon * samples),
    });
  }

  /** Returns the time step of a known frame, which every panel shows. */
  private knownStep(index: number, frame: Frame): TimeStep {
    const { forecast, samples } = this.options;
    const count = forecast === 'best-guess' ? 1 : samples;
    return this.stepOf(index, false, new Array<Frame>(count).fill(frame), frame);
  }

  /**
   * Returns a time step with a panel for each of `frames`, after a panel of the true frame if `range.hasTruth`.
   * @param truth null if the clip has ended
   */
  private stepOf(index: number, predicted: boolean, frames: readonly Frame[], truth: Frame | null): TimeStep {
    const isGuess = this.options.forecast === 'best-guess';
    const panels = frames.map((frame, at): Panel => {
      return { label: isGuess ? 'best guess' : `sample ${at + 1}`, frame, predicted };
    });
    if (this.range.hasTruth) panels.unshift({ label: 'truth', frame: truth, predicted: false });
    return { index, predicted, panels };
  }
}

/** Returns the warning for a clip with too few known frames for hindcasts. */
function nothingLearned(known: number): string {
  return (
    `${pluralize(known, 'frame')} are too few to adapt to: predicted as without --adapt; ` +
    `${MIN_HINDCAST_FRAMES} or more are needed`
  );
}

/** Returns the warning for a clip that ends right before the first predicted frame. */
function noTruth(first: number): string {
  return (
    `the clip ends before frame ${first}, so that there is no truth to show beside what is predicted; without ` +
    '--from its panel is omitted'
  );
}

function tooShort(path: string, known: number, { first, heldOut }: FrameRange): Error {
  const unusable = errorFactory('INPUT', 'predict');
  const received = pluralize(known, 'frame');
  if (heldOut > 0) {
    const least = `more than the ${pluralize(heldOut, 'frame')} that are held out`;
    return unusable(path, least, 'no more', 'hold out fewer');
  }
  if (first === null) return unusable(path, 'a clip of at least one frame', received, 'give a longer clip');
  const expected = `at least ${pluralize(first, 'frame')} before --from`;
  return unusable(path, expected, received, 'give an earlier --from or a longer clip');
}
