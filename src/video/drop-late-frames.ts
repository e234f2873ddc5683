import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Frame, IndexedFrame } from '../foundation/frame.js';

/**
 * Yields frames of a live source, each with its index, without holding up the source. If `capacity` frames wait when
 * another arrives, all that wait are dropped: frames in a row stay together, as a model needs context frames.
 * @param frames frames as they arrive
 * @param capacity maximum number of waiting frames
 * @param onDrop called with the number of frames that are dropped
 * @param stop ends `frames`; called if the iteration is left early
 */
export async function* dropLateFrames(
  frames: AsyncIterable<Frame>,
  capacity: number,
  onDrop: (count: number) => void,
  stop: () => void,
): AsyncGenerator<IndexedFrame, void> {
  let waiting: IndexedFrame[] = [];
  let arrived = 0;
  let hasEnded = false;
  let wake = () => {};
  const receive = async () => {
    try {
      for await (const frame of frames) {
        if (waiting.length === capacity) {
          onDrop(capacity);
          waiting = [];
        }
        waiting.push({ ...frame, index: arrived++ });
        wake();
      }
    } finally {
      hasEnded = true;
      wake();
    }
  };
  const received = receive();
  // Thrown below, after the frames that arrived before.
  received.catch(() => undefined);
  try {
    for (;;) {
      // The consumer may have blocked the event loop: frames that arrived meanwhile are received first, no more than
      // fit, as a source may be endlessly fast.
      const limit = arrived + capacity;
      for (let before = -1; before < arrived && arrived < limit; await nextTurn()) before = arrived;
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (hasEnded) return await received;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
  }
}
