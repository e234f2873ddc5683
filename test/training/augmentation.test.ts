import { fastForward, reverse, turn } from '../../src/training/augmentation.js';

const shape = (width: number, height: number, channels: 1 | 3 = 1) => ({
  size: { width, height },
  channels,
  levels: 256,
});
/** Two frames that differ by 100. */
const two = (first: number[]) => Uint8Array.from([...first, ...first.map((level) => level + 100)]);

function turned(first: number[], of: ReturnType<typeof shape>, quarters: number): Uint8Array {
  const frames = two(first);
  turn(frames, of, 2, quarters);
  return frames;
}

// prettier-ignore
const upright = [
  1, 2, 3,
  4, 5, 6,
  7, 8, 9,
];

// prettier-ignore
test.each([
  [1, [7, 4, 1,
       8, 5, 2,
       9, 6, 3]],
  [2, [9, 8, 7,
       6, 5, 4,
       3, 2, 1]],
  [3, [3, 6, 9,
       2, 5, 8,
       1, 4, 7]],
])('%i quarter turns, clockwise, of every frame', (quarters, expected) => {
  expect(turned(upright, shape(3, 3), quarters)).toEqual(two(expected));
});

test('the colours of a pixel stay together', () => {
  expect(turned([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], shape(2, 2, 3), 1)).toEqual(
    two([7, 8, 9, 1, 2, 3, 10, 11, 12, 4, 5, 6]),
  );
});

test('frames that are not square turn upside down alone', () => {
  expect(turned([1, 2, 3, 4, 5, 6], shape(3, 2), 2)).toEqual(two([6, 5, 4, 3, 2, 1]));
  expect(() => turned([1, 2, 3, 4, 5, 6], shape(3, 2), 1)).toThrow(RangeError);
});

test('frames run backwards', () => {
  const frames = Uint8Array.of(1, 2, 3, 4, 5, 6, 99);
  reverse(frames, 2, 3);
  expect([...frames]).toEqual([5, 6, 3, 4, 1, 2, 99]);
});

test('every second frame is kept, the first among them', () => {
  const into = new Uint8Array(4);
  fastForward(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, 2, 2, into);
  expect([...into]).toEqual([1, 2, 5, 6]);
});
