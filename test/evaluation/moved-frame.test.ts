import { flowBetween, moveBy, moveOn, type Flow } from '../../src/evaluation/moved-frame.js';
import type { Frame } from '../../src/frame.js';
import { randomInts } from '../random.js';
import { frame } from '../video/made-clips.js';

const [width, height] = [24, 20];
const texture = randomInts(64 * 64 * 3, 256, 1);

/** A piece of the texture, from a row and a column of it on. */
const piece = (row: number, column: number): Frame =>
  frame(width, height, 3, (x, y, c) => texture[((y + row) * 64 + x + column) * 3 + c]);

/** Values of one channel of a frame's inside, away from what enters at the edges. */
function inside({ data }: Frame, margin: number): number[] {
  const places = Array.from({ length: width * height }, (_, at) => at).filter((at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return x >= margin && x < width - margin && y >= margin && y < height - margin;
  });
  return places.map((at) => data[3 * at]);
}

describe('the motion between two frames', () => {
  test('is where each pixel came from: a picture that goes 2 down and 3 to the left came from 2 above, 3 to the right', () => {
    const { down, right } = flowBetween(piece(20, 20), piece(18, 23));
    const middle = (height / 2) * width + width / 2;
    expect([down[middle], right[middle]]).toEqual([-2, 3]);
  });

  test('is none between equal frames, in flat areas, and where noise is all that changes', () => {
    const none = new Float64Array(width * height);
    const flat = frame(width, height, 3, () => 77);
    const noisy = (seed: number) => {
      const noise = randomInts(width * height * 3, 3, seed);
      return frame(width, height, 3, (x, y, c) => 100 + noise[(y * width + x) * 3 + c]);
    };
    for (const [before, last] of [
      [piece(5, 5), piece(5, 5)],
      [flat, flat],
      [noisy(1), noisy(2)],
    ]) {
      expect(flowBetween(before, last)).toEqual({ width, height, down: none, right: none });
    }
  });

  test('is of each part its own: the left half goes up, the right half stays', () => {
    const halves = (row: number) =>
      frame(width, height, 3, (x, y, c) => texture[((y + (x < width / 2 ? row : 40)) * 64 + x) * 3 + c]);
    const { down } = flowBetween(halves(10), halves(11));
    const row = (height / 2) * width;
    expect([down[row + 4], down[row + width - 5]]).toEqual([1, 0]);
  });
});

describe('a frame moved on', () => {
  test('is the true one where a picture goes on as it went, but for what enters at the edges', () => {
    const moved = moveOn([piece(20, 20), piece(19, 21)], 3);
    for (const [h, frame] of moved.entries()) {
      expect(inside(frame, 7 + h)).toEqual(inside(piece(18 - h, 22 + h), 7 + h));
    }
  });

  test('repeats the last frame where that alone is known', () => {
    const last = piece(3, 4);
    expect(moveOn([last], 2)).toEqual([last, last]);
  });

  test('has values between those of neighbours where the motion is half a pixel, and those of the edge beyond it', () => {
    const last: Frame = { width: 4, height: 1, channels: 1, data: Uint8Array.of(0, 10, 20, 30) };
    const flow: Flow = {
      width: 4,
      height: 1,
      down: Float64Array.of(0, 0, -5, 0),
      right: new Float64Array(4).fill(0.5),
    };
    const [once, twice] = moveBy(last, flow, 2);
    expect([...once.data]).toEqual([5, 15, 25, 30]);
    // From 5, 15, 25, 30: the halves are 10, 20, 27.5, 30.
    expect([...twice.data]).toEqual([10, 20, 28, 30]);
  });
});
