import { open } from 'node:fs/promises';
import type { Frame } from '../foundation/frame.js';
import { formatNpyHeader } from '../foundation/npy.js';
import { enlarge } from './canvas.js';
import type { TimeStep } from './panels.js';

/** Number of frames and of bytes that were written. */
interface Count {
  frames: number;
  bytes: number;
}

/**
 * Writes frames as a new .npy file of bytes, frame x height x width x channel, as they come.
 * @param frames at least one; all of one size
 * @param axes lengths of the axes before the height, whose product is the number of frames; default: one axis
 */
export async function writeFrameArray(
  path: string,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  axes?: readonly number[],
): Promise<Count> {
  const file = await open(path, 'wx');
  /** Writes all bytes: the system may write fewer at a time, as when the disk is full. */
  const writeAt = async (place: number, bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;)
      done += (await file.write(bytes, done, bytes.length - done, place + done)).bytesWritten;
  };
  try {
    let count = 0;
    let shape: number[] = [];
    const { length } = formatNpyHeader(shape);
    for await (const { width, height, channels, data } of frames) {
      shape = [height, width, channels];
      await writeAt(length + count++ * data.length, data);
    }
    // The number of frames is known at the end.
    await writeAt(0, formatNpyHeader([...(axes ?? [count]), ...shape]));
    return { frames: count, bytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

/**
 * Writes the predicted panels of a prediction as a new .npy file of bytes, sample x frame x height x width x channel.
 * Known frames come first in each sample. Holds all frames in memory.
 * @param scale output pixels per pixel of a frame
 */
export async function writeSampleArray(path: string, steps: AsyncIterable<TimeStep>, scale: number): Promise<Count> {
  const held: TimeStep[] = [];
  for await (const step of steps) held.push(step);
  const places = held[held.length - 1].panels.flatMap(({ predicted }, panel) => (predicted ? [panel] : []));
  function* samples() {
    for (const place of places) for (const { panels } of held) yield enlarge(panels[place].frame!, scale);
  }
  const { bytes } = await writeFrameArray(path, samples(), [places.length, held.length]);
  return { frames: held.length, bytes };
}
