import type { ImageShape } from '../levels.js';

/** What makes other frames of frames, one after another, height x width x channels bytes each. */

/** Keeps `count` frames, each `stride` after the one before. */
export function fastForward(
  frames: Uint8Array,
  frameBytes: number,
  count: number,
  stride: number,
  into: Uint8Array,
): void {
  for (let frame = 0; frame < count; frame++) {
    const from = frame * stride * frameBytes;
    into.set(frames.subarray(from, from + frameBytes), frame * frameBytes);
  }
}

/** Has the frames run backwards, in place. */
export function reverse(frames: Uint8Array, frameBytes: number, count: number): void {
  for (let early = 0, late = count - 1; early < late; early++, late--) {
    const kept = frames.slice(early * frameBytes, (early + 1) * frameBytes);
    frames.copyWithin(early * frameBytes, late * frameBytes, (late + 1) * frameBytes);
    frames.set(kept, late * frameBytes);
  }
}

/**
 * Turns each frame clockwise, in place.
 *
 * @param quarters how many quarter turns, 1 to 3; 2 where the frames are not square
 */
export function turn(frames: Uint8Array, { size, channels }: ImageShape, count: number, quarters: number): void {
  const { width, height } = size;
  if (quarters !== 2 && width !== height) throw new RangeError('turn: only square frames turn by a quarter');
  const pixels = width * height;
  const turned = new Uint8Array(pixels * channels);
  // Where a pixel comes from, along each axis: clockwise, the new top row is the old left column, read upwards.
  const source = (x: number, y: number): number => {
    if (quarters === 1) return (width - 1 - x) * width + y;
    return quarters === 2 ? pixels - 1 - (y * width + x) : x * width + (width - 1 - y);
  };
  for (let frame = 0; frame < count; frame++) {
    const whole = frames.subarray(frame * turned.length, (frame + 1) * turned.length);
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = source(x, y) * channels;
        for (let channel = 0; channel < channels; channel++) turned[to++] = whole[from + channel];
      }
    }
    whole.set(turned);
  }
}
