import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Frame, IndexedFrame } from '../foundation/frame.js';

/**
 * Yields frames of a live source, each with its index, without holding up the source. Once `capacity` frames wait,
 * frames that arrive are dropped until all that wait are taken. So runs of consecutive frames are as long as the
 * capacity or longer, however slow the consumer is: a model needs consecutive context frames.
 * @param frames frames as they arrive
 * @param capacity maximum number of waiting frames
 * @param onDrop called for each frame that is dropped
 * @param stop ends `frames`; called when the iteration ends
 */
export async function* dropLateFrames(
  frames: AsyncIterable<Frame>,
  capacity: number,
  onDrop: () => void,
  stop: () => void,
): AsyncGenerator<IndexedFrame, void> {
  const waiting: IndexedFrame[] = [];
  let isDropping = false;
  let arrived = 0;
  let hasEnded = false;
  let wake = () => {};
  const receive = async () => {
    try {
      for await (const frame of frames) {
        const index = arrived++;
        if (isDropping) onDrop();
        else waiting.push({ ...frame, index });
        isDropping ||= waiting.length === capacity;
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
      isDropping &&= waiting.length > 0;
      if (next !== undefined) yield next;
      else if (hasEnded) return await received;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
  }
}
