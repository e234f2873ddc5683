import type { Frame } from '../src/foundation/frame.js';
import { scoreFullClip, type FullClipScores } from '../src/anomaly/full-clip-scores.js';
import type { Answer, ModelName, Request } from './messages.js';
import type { Source, TimedFrame } from './source.js';

/** Frames that are predicted after those that are known. */
export const AHEAD = 8;
/** Frames that are known at first: as many as a model needs to see motion well. */
const KNOWN_AT_FIRST = 10;

/** What the worker that computes has said of itself. */
export interface Computing {
  threads: number;
  isolated: boolean;
}

/** A video that is looked at: its frames, and what is found out about them. Frames are counted from 0. */
export class Session {
  readonly frames: Frame[] = [];
  /** Seconds, of each frame. */
  readonly times: number[] = [];
  /** Bits of each pixel, from the second frame on. */
  readonly maps: Float64Array[] = [];
  /** What was expected of a frame, given all before it. */
  readonly expected = new Map<number, Frame>();
  /** Frames that are known where frames are predicted; null until some are asked for. */
  known: number | null = null;
  /** The frames after those: the best guess, and one drawn future. */
  guessed = new Map<number, Frame>();
  drawn = new Map<number, Frame>();
  computing: Computing | null = null;
  /** Seconds that the last frame took to look at, and to draw. */
  seconds: { cost: number | null; draw: number | null } = { cost: null, draw: null };
  /** Why nothing more comes, in words; null while all is well. */
  failure: string | null = null;
  /** Whether all frames of the source are here. */
  isWhole = false;
  private readonly worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  private seen: FullClipScores = { scores: [], events: [] };
  private isClosed = false;
  private wasCosted: () => void = () => {};

  /** @param changed called after anything has changed */
  constructor(
    readonly source: Source,
    readonly model: ModelName,
    private readonly changed: () => void,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.take(data);
    this.worker.onerror = ({ message }) => this.fail(message);
    this.ask({ type: 'begin', model });
    this.read().catch((error: Error) => this.fail(error.message));
  }

  /** Whether frames of a camera still come. */
  get isLive(): boolean {
    return this.source.isLive && !this.isWhole;
  }

  /** Whether all frames were looked at. */
  get isDone(): boolean {
    return this.isWhole && this.maps.length === this.frames.length - 1;
  }

  /** What stood out so far. */
  get hindsight(): FullClipScores {
    const { maps, frames, times } = this;
    if (this.seen.scores.length !== maps.length) {
      const frameRate = maps.length / Math.max(times[maps.length] - times[0], 1e-3);
      this.seen = scoreFullClip(maps, frames[0], frameRate);
    }
    return this.seen;
  }

  /** Asks for the frames after the first `known`, 1 or more. */
  predictFrom(known: number): void {
    this.known = known;
    this.guessed = new Map();
    this.drawn = new Map();
    this.ask({ type: 'predict', known, ahead: AHEAD });
    this.changed();
  }

  /** The frames so far, for another model. */
  recorded(): Source {
    const timed = this.frames.map((frame, at): TimedFrame => ({ frame, time: this.times[at] }));
    // eslint-disable-next-line @typescript-eslint/require-await
    const frames = async function* () {
      yield* timed;
    };
    return { ...this.source, isLive: false, frames, stop: () => {} };
  }

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
      const isEnough = this.frames.length === KNOWN_AT_FIRST + AHEAD;
      if (!this.source.isLive && isEnough) this.predictFrom(KNOWN_AT_FIRST);
      this.changed();
      while (this.source.isLive && this.maps.length < this.frames.length - 1 && !this.isClosed)
        await new Promise<void>((resolve) => (this.wasCosted = resolve));
    }
    this.isWhole = true;
    const { length } = this.frames;
    if (length < 2) return this.fail(`${this.source.name}: there is one frame at most, and a video has more.`);
    // The end, of what a camera saw, or of a clip that is short.
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
      this.wasCosted();
    } else if (answer.type === 'predicted' && answer.known === this.known) {
      const { how, index, frame, seconds } = answer;
      (how === 'guess' ? this.guessed : this.drawn).set(index, frame);
      if (how === 'draw') this.seconds.draw = seconds;
    }
    this.changed();
  }

  private fail(message: string): void {
    this.failure ??= message;
    this.changed();
  }

  private ask(request: Request): void {
    this.worker.postMessage(request);
  }
}
