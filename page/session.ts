import type { Frame } from '../src/foundation/frame.js';
import { scoreFullClip, type FullClipScores } from '../src/anomaly/full-clip-scores.js';
import type { Answer, ModelChoice, Request } from './messages.js';
import type { Source, TimedFrame } from './source.js';

/** Minimum score of an event: low, since the page lists the highest ones of any clip. */
const THRESHOLD = 0.1;

/** Number of frames that are predicted after the known ones. */
export const AHEAD = 8;
/** Number of frames that are known at first: enough for a model to see motion. */
const KNOWN_AT_FIRST = 10;
/** Number of frames that are read before the first prediction: known frames, then true frames to compare with. */
export const READ_AT_FIRST = KNOWN_AT_FIRST + AHEAD;

/** Facts about the worker that computes. */
export interface Computing {
  /** Number of threads. */
  threads: number;
  /** True if the page is cross-origin isolated, so that threads may share memory. */
  isolated: boolean;
}

/** Session on one video: its frames, their costs and the predictions. Frames are counted from 0. */
export class Session {
  /** Frames received so far, in order. */
  readonly frames: Frame[] = [];
  /** Time of each frame, in seconds. */
  readonly times: number[] = [];
  /** Bits of each pixel, one map per frame from the second frame on. */
  readonly maps: Float64Array[] = [];
  /** Expected frame by index, given all frames before. */
  readonly expected = new Map<number, Frame>();
  /** Number of known frames before the prediction; null until the first request. */
  known: number | null = null;
  /** Predicted frames of the best guess, by index. */
  guessed = new Map<number, Frame>();
  /** Predicted frames of one sample, by index. */
  drawn = new Map<number, Frame>();
  /** Facts about the worker; null until its model is loaded. */
  computing: Computing | null = null;
  /** Fraction of the current sampled frame that is drawn so far, 0 to 1. */
  drawing = 0;
  /**
   * Seconds that the last frame of each kind took: to score (`cost`), to predict by the best guess (`guess`), to sample
   * (`draw`). Null before the first frame.
   */
  seconds: Record<'cost' | 'guess' | 'draw', number | null> = { cost: null, guess: null, draw: null };
  /** Error that ended the session, in words for the user; null if there is none. */
  failure: string | null = null;
  /** True if all frames of the source have arrived. */
  isWhole = false;
  private readonly worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  private latest: FullClipScores = { scores: [], events: [] };
  private isClosed = false;
  private isScored = false;
  private wasAnswered: () => void = () => {};

  /** @param changed called after each change */
  constructor(
    readonly source: Source,
    readonly model: ModelChoice,
    private readonly changed: () => void,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.take(data);
    this.worker.onerror = ({ message }) => this.fail(message);
    this.ask({ type: 'begin', model });
    this.read().catch((error: Error) => this.fail(error.message));
  }

  /** True if the source is a camera that still sends frames. */
  get isLive(): boolean {
    return this.source.isLive && !this.isWhole;
  }

  /** True if the next frame of a camera has to wait, for the model or for a score. */
  private get isBehind(): boolean {
    const { source, computing, maps, frames } = this;
    return source.isLive && (computing === null || maps.length < frames.length - 1);
  }

  /** True if all frames have arrived, and all but the first are scored. */
  get isDone(): boolean {
    return this.isWhole && this.maps.length === this.frames.length - 1;
  }

  /** Anomaly scores and events of the frames so far. */
  get anomalies(): FullClipScores {
    const { maps, frames, expected, times } = this;
    if (this.latest.scores.length !== maps.length) {
      const frameRate = maps.length / Math.max(times[maps.length] - times[0], 1e-3);
      const costed = maps.map((map, at) => ({ map, frame: frames[at + 1], expected: expected.get(at + 1) }));
      this.latest = scoreFullClip(costed, frames[0], frameRate, THRESHOLD);
    }
    return this.latest;
  }

  /** Requests a prediction of the frames after the first `known`, at least 1. */
  predictFrom(known: number): void {
    this.known = known;
    this.guessed = new Map();
    this.drawn = new Map();
    this.drawing = 0;
    this.ask({ type: 'predict', known, ahead: AHEAD });
    this.changed();
  }

  /** Returns a source of the frames received so far, for a session with another model. */
  recorded(): Source {
    const timed = this.frames.map((frame, at): TimedFrame => ({ frame, time: this.times[at] }));
    // eslint-disable-next-line @typescript-eslint/require-await
    const frames = async function* () {
      yield* timed;
    };
    return { ...this.source, isLive: false, frames, stop: () => {} };
  }

  /** Stops the source and the worker. */
  close(): void {
    this.isClosed = true;
    this.source.stop();
    this.worker.terminate();
  }

  private async read(): Promise<void> {
    for await (const { frame, time } of this.source.frames()) {
      if (this.isClosed) return;
      this.frames.push(frame);
      this.times.push(time);
      this.ask({ type: 'frame', frame });
      if (this.source.isLive) this.score();
      else if (this.known === null && this.frames.length === READ_AT_FIRST) this.predictFrom(KNOWN_AT_FIRST);
      this.changed();
      while (this.isBehind && !this.isClosed) await new Promise<void>((resolve) => (this.wasAnswered = resolve));
    }
    this.isWhole = true;
    const { length } = this.frames;
    if (length < 2) return this.fail(`${this.source.name}: fewer than two frames. Try a longer video.`);
    // Predicts the last frames of a camera or of a short clip.
    if (this.known === null) this.predictFrom(Math.max(1, length - AHEAD));
    this.changed();
  }

  private take(answer: Answer): void {
    if (answer.type === 'ready') this.computing = answer;
    else if (answer.type === 'failed') this.fail(answer.message);
    else if (answer.type === 'costed') {
      this.maps[answer.index - 1] = answer.map;
      this.expected.set(answer.index, answer.expected);
      this.seconds.cost = answer.seconds;
    } else if (answer.type === 'predicted' && answer.known === this.known) {
      const { how, index, frame, seconds } = answer;
      (how === 'guess' ? this.guessed : this.drawn).set(index, frame);
      this.seconds[how] = seconds;
      if (how === 'draw') this.drawing = 0;
      if (this.guessed.size === AHEAD) this.score();
    } else if (answer.type === 'drawing' && answer.known === this.known) this.drawing = answer.fraction;
    this.wasAnswered();
    this.changed();
  }

  /** Requests the scores. Those of a clip wait for the best guess, so that it comes early on a slow device. */
  private score(): void {
    if (this.isScored) return;
    this.isScored = true;
    this.ask({ type: 'score' });
  }

  private fail(message: string): void {
    this.failure ??= message;
    this.changed();
  }

  private ask(request: Request): void {
    this.worker.postMessage(request);
  }
}
