import {
  resizeModel,
  bestGuess,
  frameCosts,
  frameOf,
  FrameHistory,
  FrameSampler,
  rollOut,
  type Frame,
  type Model,
} from '../src/browser/index.js';
import type { Answer } from './messages.js';

/**
 * Model in a worker, on one video: posts costs of frames as they arrive, and predictions on request. Computes one frame
 * at a time.
 */
export class Predictor {
  private readonly frames: Frame[] = [];
  private readonly model: Model;
  private readonly sampler: FrameSampler;
  private cameFrame: () => void = () => {};
  private turn: Promise<unknown> = Promise.resolve();
  private asked = new AbortController();

  /**
   * @param first first frame of the video, whose size all frames have
   * @param answer posts a message to the page
   */
  constructor(
    model: Model,
    first: Frame,
    private readonly answer: (answer: Answer) => void,
  ) {
    this.model = resizeModel(model, first);
    this.sampler = new FrameSampler(this.model);
    this.add(first);
  }

  /** Adds the next frame of the video. */
  add(frame: Frame): void {
    this.frames.push(frame);
    this.cameFrame();
  }

  /**
   * Posts the cost and the expected frame of every frame but the first, as frames arrive. Never resolves; rejects with
   * the errors of `frameCosts`.
   */
  async costAll(): Promise<never> {
    const costed = frameCosts(this.model, this.arriving());
    for (let index = 1; ; index++) {
      await this.arrived(index);
      const { result, seconds } = await this.inTurn(() => costed.next());
      const { expected, map } = result.value!;
      this.answer({ type: 'costed', index, expected: expected!, map, seconds });
    }
  }

  /**
   * Posts predictions of the `ahead` frames after the first `known`, frame by frame. The best guess of all frames comes
   * first, then one sample. Aborts an earlier call that still runs, whose promise resolves. Rejects with the errors of
   * `bestGuess` and `rollOut`.
   */
  async predict(known: number, ahead: number): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    const history = new FrameHistory(this.model.chain.exampleShape);
    for (const { data } of this.frames.slice(0, known)) history.push(data);
    const guesses = bestGuess(this.sampler, history, { signal });
    const futures = rollOut(this.sampler, history, {
      signal,
      onRow: (fraction) => this.answer({ type: 'drawing', known, fraction }),
    });
    const ways = [
      { how: 'guess', next: async () => (await guesses.next()).value },
      { how: 'draw', next: async () => (await futures.next()).value[0].bytes },
    ] as const;
    try {
      for (const { how, next } of ways)
        for (let index = known; index < known + ahead; index++) {
          const { result: bytes, seconds } = await this.inTurn(next);
          this.answer({ type: 'predicted', how, known, index, frame: frameOf(this.model, bytes), seconds });
        }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  private async *arriving(): AsyncGenerator<Frame, void> {
    for (let index = 0; ; index++) {
      await this.arrived(index);
      yield this.frames[index];
    }
  }

  private async arrived(index: number): Promise<void> {
    while (this.frames.length <= index) await new Promise<void>((resolve) => (this.cameFrame = resolve));
  }

  /**
   * Runs computations one at a time in order of their requests, so that scoring and prediction alternate frame by
   * frame.
   */
  private inTurn<T>(compute: () => Promise<T>): Promise<{ result: T; seconds: number }> {
    const timed = async () => {
      const started = performance.now();
      const result = await compute();
      return { result, seconds: (performance.now() - started) / 1000 };
    };
    const mine = this.turn.then(timed);
    this.turn = mine.catch(() => {});
    return mine;
  }
}
