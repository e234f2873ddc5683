import { Context } from '../model/context.js';
import type { FrameSampler } from './frame-sampler.js';
import type { StridedContexts } from './strided-contexts.js';

/** What is expected of a frame, height x width x channels bytes each. */
export interface Expectation {
  /** The mean of all that is expected of it. */
  mean: Uint8Array;
  /** What is expected at each longer stride that leads to it (see `SUBSEQUENCES`), in their order. */
  slower: readonly Uint8Array[];
}

/**
 * What is expected of frame after frame of some futures, at several strides. Of each the mean is context for the next.
 *
 * @param futures of which each goes on by every frame that is expected
 * @throws the signal's reason once it is aborted
 */
export async function* expectAhead(
  sampler: FrameSampler,
  futures: readonly StridedContexts[],
  signal?: AbortSignal,
): AsyncGenerator<Expectation[], never> {
  for (;;) {
    // What interrupts is only heard of where the event loop has its turn.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const slower = await expectedSlower(sampler, futures);
    signal?.throwIfAborted();
    const means = await sampler.expected(Context.examples(futures.map(({ last }) => last)), slower);
    futures.forEach((contexts, future) => contexts.follow(means[future]));
    yield means.map((mean, future) => ({ mean, slower: slower[future] }));
  }
}

/** What is expected of the next frame of each future at longer strides. */
export async function expectedSlower(
  sampler: FrameSampler,
  futures: readonly StridedContexts[],
): Promise<Uint8Array[][]> {
  const slower = futures.map((contexts) => contexts.slower());
  const expected = futures.map((): Uint8Array[] => []);
  // Stride after stride, so that no more conditionings run at a time than there are futures.
  for (let at = 0; slower.some((contexts) => at < contexts.length); at++) {
    const due = [...slower.keys()].filter((future) => at < slower[future].length);
    const contexts = due.map((future) => slower[future][at]);
    const frames = await sampler.expected(Context.examples(contexts));
    due.forEach((future, frame) => expected[future].push(frames[frame]));
  }
  return expected;
}
