import { createCropReader } from '../../src/video/crop-reader.js';
import type { FrameStore } from '../../src/video/frame-store.js';
import { frame } from './made-clips.js';

/** A store of one clip of two frames, 24x8 pixels: column + 24 x row, and 1 more in the second. */
const pictures = [0, 1].map((number) => frame(24, 8, 1, (x, y) => x + 24 * y + number));
const store = {
  clips: [{ size: { width: 24, height: 8 } }],
  read: (_clip: number, first: number, count: number, into: Uint8Array) =>
    pictures.slice(first, first + count).forEach(({ data }, at) => into.set(data, at * data.length)),
} as unknown as FrameStore;

function read(fit: 'crop' | 'stretch', part: { zoom: number; across: number; down: number }, count = 1): number[] {
  const into = new Uint8Array(count * 16);
  createCropReader(store, { width: 4, height: 4 }, 1, fit)(0, 0, count, part, into);
  return [...into];
}
/** The mean of the pixels of a block whose corner is at (x, y). */
const block = (x: number, y: number, wide: number, high: number) => x + (wide - 1) / 2 + 24 * (y + (high - 1) / 2);
const blocks = (x: number, y: number, wide: number, high: number) =>
  [0, 1, 2, 3].flatMap((row) => [0, 1, 2, 3].map((column) => block(x + column * wide, y + row * high, wide, high)));

/** Means are rounded to levels. */
function expectNear(levels: number[], means: number[]): void {
  expect(levels.length).toBe(means.length);
  levels.forEach((level, at) => expect(Math.abs(level - means[at])).toBeLessThanOrEqual(0.5));
}

test("at zoom 1 the largest part of the model's shape is shown, anywhere along the longer side", () => {
  expectNear(read('crop', { zoom: 1, across: 0, down: 0 }), blocks(0, 0, 2, 2));
  expectNear(read('crop', { zoom: 1, across: 1, down: 1 }), blocks(16, 0, 2, 2));
  expectNear(read('crop', { zoom: 1, across: 0.5, down: 0.3 }), blocks(8, 0, 2, 2));
});

test('at zoom 2 it has half the width and height, in every frame at the same place', () => {
  const first = blocks(20, 4, 1, 1);
  expectNear(read('crop', { zoom: 2, across: 1, down: 1 }, 2), [...first, ...first.map((level) => level + 1)]);
});

test('stretched, the whole is all of the picture', () => {
  expectNear(read('stretch', { zoom: 1, across: 0, down: 0 }), blocks(0, 0, 6, 2));
  expectNear(read('stretch', { zoom: 2, across: 1, down: 0 }), blocks(12, 0, 3, 1));
});
