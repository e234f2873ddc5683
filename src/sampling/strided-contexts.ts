import type { Context } from '../model/context.js';
import {
  endsWithKnown,
  hasFrame,
  LEAST_GIVEN,
  leadsTo,
  SUBSEQUENCES,
  type Subsequence,
} from '../model/subsequences.js';

/**
 * What one clip's next frames are expected from: the frames before, and those of slower subsequences. Over more of them than a
 * model is given motion shows more clearly, and in fewer steps less is lost. So a frame is expected from each that leads to it, and
 * what is expected of it is the mean.
 */
export class StridedContexts {
  /** The last frames as they are. */
  readonly last: Context;
  private readonly slow: { subsequence: Subsequence; context: Context }[];
  /** The next frame: 1 for the one after the last that was known. */
  private ahead = 1;

  /** @param strided whether frames at longer strides count; where the context has expected frames already, they do not */
  constructor(context: Context, strided: boolean) {
    this.last = context.copy();
    const slow = strided && context.expected === 0 ? SUBSEQUENCES.filter(({ stride }) => stride > 1) : [];
    this.slow = slow
      .map((subsequence) => ({ subsequence, context: context.every(subsequence) }))
      .filter(({ context }) => context.given >= LEAST_GIVEN);
  }

  /** The frames that the next one is expected from besides, at each longer stride that leads to it. */
  slower(): Context[] {
    return this.slow.filter(({ subsequence }) => leadsTo(subsequence, this.ahead)).map(({ context }) => context);
  }

  /** Goes on by a frame that was expected, or nearly (see `Context.pushExpected`). */
  follow(frame: Uint8Array): void {
    this.last.pushExpected(frame);
    for (const { subsequence, context } of this.slow.filter(({ subsequence }) => hasFrame(subsequence, this.ahead))) {
      if (endsWithKnown(subsequence)) context.pushExpected(frame);
      else context.push(frame);
    }
    this.ahead++;
  }
}
