import type { Frame, TrainingProgress } from '../src/browser/index.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { formatBytes } from '../src/memory/format-bytes.js';
import type { Validation } from '../src/training/validation.js';
import type { Answer, Lesson, Request } from './messages.js';
import { toGo, type WorkProgress } from './progress.js';

/** Prediction of a held-out frame: one sample, and the bits of each pixel. */
export interface Prediction {
  drawn: Frame;
  map: Float64Array;
}

/** Training of a model on the frames of a video, in a worker of its own. */
export class Learning {
  /** Scores of the model in training on the held-out frames, the first before the first step. */
  readonly validations: Validation[] = [];
  /** Progress after the last step; null before the first. */
  progress: TrainingProgress | null = null;
  /** Index of the held-out frame that is predicted before and after the training; null before the prediction. */
  index: number | null = null;
  /** Predictions of that frame by the model before and after the training; null before they are made. */
  readonly compared: Record<'before' | 'after', Prediction | null> = { before: null, after: null };
  /** File of the best model; null until the training is over. */
  file: Blob | null = null;
  /** True if the user has downloaded the file. */
  isDownloaded = false;
  /** Error that ended the training, in words for the user; null if there is none. */
  failure: string | null = null;
  /** Number of threads; null until the model is loaded. */
  private threads: number | null = null;
  /** Estimated peak memory in bytes; null until it is estimated. */
  private memoryBytes: number | null = null;
  private isStopped = false;
  private readonly worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });

  /**
   * @param name name of the video, for the user
   * @param changed called after each change
   */
  constructor(
    readonly name: string,
    readonly lesson: Lesson,
    private readonly changed: () => void,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.take(data);
    this.worker.onerror = ({ message }) => this.fail(message);
    this.ask({ type: 'learn', ...lesson });
  }

  /** True until the training is over or has failed. */
  get isRunning(): boolean {
    return this.file === null && this.failure === null;
  }

  /** Lowest score on the held-out frames; null before the first. */
  get best(): Validation | null {
    return this.validations.reduce<Validation | null>(
      (best, one) => (best === null || one.bitsPerDim < best.bitsPerDim ? one : best),
      null,
    );
  }

  /** Ends the training after the current step, with the best model so far. */
  stop(): void {
    this.isStopped = true;
    this.ask({ type: 'stop' });
    this.changed();
  }

  /** Ends the worker at once. */
  close(): void {
    this.worker.terminate();
  }

  /** Returns the progress in words; null if the training is over. */
  describe(): WorkProgress | null {
    if (!this.isRunning) return null;
    const { progress, validations, threads, memoryBytes } = this;
    if (memoryBytes === null) return { words: 'Loading the model\u2026', fraction: 0 };
    const computing = `${pluralize(threads!, 'thread')}, about ${formatBytes(memoryBytes)} of memory`;
    const part = (words: string, fraction: number) => ({ words: `${words} (${computing})`, fraction });
    if (validations.length === 0) return part('Scoring the last fifth, from which nothing is learned', 0);
    const { step, steps, time } = progress ?? { step: 0, steps: null, time: null };
    if (this.isStopped) return part('Stopping\u2026', 1);
    const all = steps === null ? '' : ` of ${steps}`;
    const left = time === null ? '' : toGo(Math.max(0, time.total - time.passed));
    const fraction = time === null ? step / (steps ?? Infinity) : time.passed / time.total;
    return part(`Learning: step ${step}${all}${left}`, fraction);
  }

  /** Returns the result in words; an empty string until the training is over. */
  describeResult(): string {
    const { best, validations, file, progress } = this;
    if (file === null || best === null) return '';
    const steps = pluralize(progress?.step ?? 0, 'step');
    const percent = 100 * (1 - best.bitsPerDim / validations[0].bitsPerDim);
    if (percent <= 0)
      return `Nothing that it learned in ${steps} was better on the last fifth: the model stays as it was.`;
    return `After ${steps} the last fifth, from which nothing was learned, takes ${percent.toFixed(2)}% fewer bits.`;
  }

  private take(answer: Answer): void {
    if (answer.type === 'ready') this.threads = answer.threads;
    else if (answer.type === 'failed') this.fail(answer.message);
    else if (answer.type === 'learning') this.memoryBytes = answer.memoryBytes;
    else if (answer.type === 'validated') this.validations.push(answer.validation);
    else if (answer.type === 'stepped') this.progress = answer.progress;
    else if (answer.type === 'compared') {
      this.index = answer.index;
      this.compared[answer.when] = answer;
    } else if (answer.type === 'learned') {
      this.file = answer.file;
      this.close();
    }
    this.changed();
  }

  private fail(message: string): void {
    this.failure ??= message;
    this.close();
    this.changed();
  }

  private ask(request: Request): void {
    this.worker.postMessage(request);
  }
}
