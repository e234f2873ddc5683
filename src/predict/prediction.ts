import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { framesPerSecond, type FrameRate } from '../foundation/frame-rate.js';
import { pluralize } from '../foundation/pluralize.js';
import { frameOf, type Model } from '../model/model.js';
import type { SamplingSettings } from '../model/sampling-settings.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import type { Correction } from '../sampling/correction.js';
import { forecast, rollOut } from '../sampling/forecaster.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import { MIN_HINDCAST_FRAMES } from '../sampling/hindcasts.js';
import type { ClipReader, Panel, TimeStep } from '../video/index.js';
import { ClipAdaptation } from '../evaluation/clip-adaptation.js';
import type { ParsedOptions } from '../options/fields.js';
import type { predictClipFields } from './options.js';

/** Options for `Prediction`, with defaults filled in. */
export interface PredictionOptions extends ParsedOptions<typeof predictClipFields> {
  /**
   * Index of the first frame to predict. Null: the frame after the clip's last. Below 0: counted from the clip's end.
   */
  from: number | null;
  /** Sampling settings of drawn frames. */
  settings: SamplingSettings;
}

/** Minimum duration of the known frames shown by default, in seconds. */
const SECONDS_SHOWN = 2;

/**
 * Returns the maximum number of known frames shown before the predicted frames: `knownFrames`, or Infinity for 'all'.
 * Default: `horizon`, and at least the frames of 2 seconds.
 */
export function shownContextFrames(
  { knownFrames, horizon }: Pick<PredictionOptions, 'knownFrames' | 'horizon'>,
  rate: FrameRate,
): number {
  if (knownFrames === 'all') return Infinity;
  return knownFrames ?? Math.max(horizon, Math.ceil(SECONDS_SHOWN * framesPerSecond(rate)));
}

/**
 * Prediction of a clip: a stream of time steps, of its last known frames and then of predicted frames. A time step has
 * a panel for each sample or for the best guess, and one for the true frame if `from` is not null.
 */
export class Prediction {
  /** Sum of -log P of the finished predicted frames, in nats (see `PredictedFrame`). */
  nats = 0;
  /** Predicted time steps so far, in order; known time steps are not included. */
  readonly finished: TimeStep[] = [];
  /** True frames of the clip over the horizon. */
  private readonly truth: Frame[] = [];
  /** Maximum number of known frames shown. */
  private readonly shown: number;
  private readonly history: FrameHistory;
  private readonly adapting: ClipAdaptation;
  private readonly sampler: FrameSampler;

  /**
   * @param model model at the size of the clip's frames
   * @throws PxvError `USAGE` if no backend was chosen
   */
  constructor(
    model: Model,
    private readonly clip: ClipReader,
    private readonly options: PredictionOptions,
  ) {
    this.adapting = new ClipAdaptation(options.adapt);
    this.history = new FrameHistory(model.chain.exampleShape, this.adapting.keptFrames);
    this.sampler = new FrameSampler(model);
    this.shown = shownContextFrames(options, clip.frameRate);
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
    const { adapt, from, onHindcast, onPredicted, onWarning, signal } = this.options;
    const held: TimeStep[] = [];
    for await (const frame of this.readKnown()) {
      held.push(this.pictures(this.known - 1, null, frame));
      // If the first predicted frame is not known yet, the last `shown` frames are held back.
      const isTold = from !== null && from >= 0;
      const isShown = this.shown === Infinity || (isTold && this.known > from - this.shown);
      if (isShown) yield held.shift()!;
      else if (isTold || held.length > this.shown) held.shift();
    }
    yield* held;
    const learning = { onProgress: onHindcast, signal };
    const corrections = adapt ? await this.adapting.corrections(this.sampler, [this.history], learning) : [null];
    if (adapt && corrections[0] === null) onWarning?.(nothingLearned(this.known));
    for await (const { frames, nats } of this.predictFrames(corrections)) {
      const step = this.finished.length;
      for (const each of nats) this.nats += each;
      this.finished.push(this.pictures(this.known + step, frames, this.truth[step] ?? null));
      onPredicted?.();
      yield this.finished[step];
    }
  }

  /** Returns the index of the first frame to read: above 0 only for a seekable clip. */
  private firstRead(): number {
    const { estimatedFrames, isSeekable } = this.clip;
    if (!isSeekable) return 0;
    const { from } = this.options;
    const end = from !== null && from < 0 ? estimatedFrames! + from : Math.min(from ?? Infinity, estimatedFrames!);
    return Math.max(0, end - Math.max(this.shown, this.history.remembered));
  }

  /**
   * Yields the time steps again: the known frames that are shown, then the finished predicted frames.
   * @param clip the same clip, opened again
   */
  async *replay(clip: ClipReader): AsyncGenerator<TimeStep> {
    let index = Math.max(0, this.known - this.shown);
    for await (const frame of clip.frames(index)) {
      if (index === this.known) break;
      yield this.pictures(index++, null, frame);
    }
    yield* this.finished;
  }

  /**
   * Yields the known frames as they are read, adds them to the history, and collects the true frames of the horizon.
   * @throws PxvError `INPUT` if the clip has no frame before the first frame to predict, or ends before that
   */
  private async *readKnown(): AsyncGenerator<Frame> {
    const { history, clip, truth } = this;
    const { from, horizon, onRead, onWarning } = this.options;
    const { path, estimatedFrames } = clip;
    const heldOut = from !== null && from < 0 ? -from : 0;
    const about = from === null || heldOut > 0 ? estimatedFrames : from;
    const first = this.firstRead();
    history.skip(first);
    for await (const next of clip.frames(first)) {
      if (history.frames === from || heldOut > 0) truth.push(next);
      if (history.frames === from) {
        if (truth.length === horizon) break;
        continue;
      }
      // Held-out frames are known to be the last once the clip has ended.
      if (heldOut > 0 && truth.length <= heldOut) continue;
      const frame = heldOut > 0 ? truth.shift()! : next;
      history.push(frame.data);
      onRead?.(history.frames, about && Math.max(about, history.frames));
      yield frame;
    }
    const { warning } = clip;
    if (warning !== null) onWarning?.(warning);
    if (history.frames === 0 || history.frames < (from ?? 0)) throw tooShort(path, history.frames, from);
    if (from !== null && truth.length === 0) onWarning?.(noTruth(from));
  }

  /** Yields the frames of the horizon step by step: of all samples, or of the best guess. */
  private async *predictFrames(corrections: readonly (Correction | null)[]) {
    const { history, sampler } = this;
    const { horizon, samples, seed, settings, onProgress, signal } = this.options;
    const isGuess = this.options.forecast === 'best-guess';
    let done = 0;
    const future = isGuess
      ? forecast(sampler, [history], { corrections, signal })
      : rollOut(sampler, history, {
          seed,
          samples: Array.from({ length: samples }, (_, sample) => sample),
          corrections,
          signal,
          settings: { temperature: settings.temperature },
          onRow: (share) => onProgress?.((done + share) * samples, horizon * samples),
        });
    for await (const made of future) {
      done++;
      if (isGuess) onProgress?.(done, horizon);
      yield { frames: made.map(({ bytes }) => frameOf(sampler.model, bytes)), nats: made.map(({ nats }) => nats) };
      if (done === horizon) return;
    }
  }

  /**
   * Returns the time step of a frame: a panel for each sample or the best guess, after a panel of the true frame if
   * `from` is not null.
   * @param futures predicted frames; null for a known frame, which is shown in every panel
   * @param truth null if the clip has ended
   */
  private pictures(index: number, futures: readonly Frame[] | null, truth: Frame | null): TimeStep {
    const predicted = futures !== null;
    const panels: Panel[] = labelsOf(this.options).map((label, i) => {
      return { label, frame: predicted ? futures[i] : truth, predicted };
    });
    if (this.options.from !== null) panels.unshift({ label: 'truth', frame: truth, predicted: false });
    return { index, predicted, panels };
  }

  /** Disposes the tensors of the model. */
  dispose(): void {
    this.sampler.dispose();
  }
}

function labelsOf({ forecast, samples }: PredictionOptions): string[] {
  if (forecast === 'best-guess') return ['best guess'];
  return Array.from({ length: samples }, (_, sample) => `sample ${sample + 1}`);
}

/** Returns the warning for a clip with too few known frames for hindcasts. */
function nothingLearned(known: number): string {
  return (
    `${pluralize(known, 'frame')} are too few to adapt to: predicted as without --adapt; ` +
    `${MIN_HINDCAST_FRAMES} or more are needed`
  );
}

/** Returns the warning for a clip that ends right before `from`. */
function noTruth(from: number): string {
  return (
    `the clip ends before frame ${from}, so that there is no truth to show beside what is predicted; without ` +
    '--from its panel is omitted'
  );
}

function tooShort(path: string, known: number, from: number | null): Error {
  const unusable = errorFactory('INPUT', 'predict');
  const received = pluralize(known, 'frame');
  if (from === null) return unusable(path, 'a clip of at least one frame', received, 'give a longer clip');
  if (from < 0) {
    const least = `more than the ${pluralize(-from, 'frame')} that are held out`;
    return unusable(path, least, 'no more', 'hold out fewer');
  }
  const expected = `at least ${pluralize(from, 'frame')} before --from`;
  return unusable(path, expected, received, 'give an earlier --from or a longer clip');
}
