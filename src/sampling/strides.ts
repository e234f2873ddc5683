import { LEAST_GIVEN, type Context } from '../model/context.js';

/**
 * What one clip's next frames are expected from: the frames before, every second one and every fourth. Over more of them than a
 * model is given motion shows more clearly, and in fewer steps less is lost. So the second frame ahead is expected twice, from the
 * last frames and from every second one, and what is expected of it is the mean. The fourth is expected three times, also from every
 * fourth. The first and the third are expected once.
 */
export class StridedContexts {
  /** The last frames as they are. */
  readonly last: Context;
  private readonly strided: { stride: number; context: Context }[];
  /** The next frame: 1 for the one after the last that was known. */
  private ahead = 1;

  /** @param strides some of `STRIDES`; where the context has expected frames already, they are left out */
  constructor(context: Context, strides: readonly number[]) {
    this.last = context.copy();
    const used = context.expected > 0 ? [] : strides;
    this.strided = used
      .map((stride) => ({ stride, context: context.every(stride) }))
      .filter(({ context }) => context.given >= LEAST_GIVEN);
  }

  /** The frames that the next one is expected from besides, at each longer stride that leads to it. */
  slower(): Context[] {
    return this.strided.filter(({ stride }) => this.ahead % stride === 0).map(({ context }) => context);
  }

  /** Goes on by a frame that was expected, or nearly (see `Context.pushExpected`). */
  follow(frame: Uint8Array): void {
    for (const context of [this.last, ...this.slower()]) context.pushExpected(frame);
    this.ahead++;
  }
}
