import { Context, LONGEST_STRIDE } from '../model/context.js';

/** Frames from one that the next is expected from to the other, beside every frame; ascending. */
export const STRIDES = [2, LONGEST_STRIDE] as const;

/** Frames that a stride needs: one alone tells nothing of motion. */
const LEAST_GIVEN = 2;

/**
 * What one clip's next frames are expected from: the frames before, every second one and every fourth. Over more of them than a
 * model is given motion shows more clearly, and in fewer steps less is lost. So the second frame ahead is expected twice, from the
 * last frames and from every second one, and what is expected of it is the mean; so is the fourth, from the last and from every
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

  /** The frames a stride apart that the next one is expected from besides, at the longest stride that leads to it; null: none. */
  slower(): Context | null {
    return this.due().pop() ?? null;
  }

  /** Goes on by a frame that was expected, or nearly (see `Context.pushExpected`). */
  follow(frame: Uint8Array): void {
    for (const context of [this.last, ...this.due()]) context.pushExpected(frame);
    this.ahead++;
  }

  private due(): Context[] {
    return this.strided.filter(({ stride }) => this.ahead % stride === 0).map(({ context }) => context);
  }
}
