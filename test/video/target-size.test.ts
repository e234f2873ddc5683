import { isFixedSize, resolveSize } from '../../src/video/target-size.js';

const wide = { width: 320, height: 180 };
const tall = { width: 90, height: 160 };

test('one size is the size of every picture', () => {
  expect(resolveSize({ width: 64, height: 48 }, wide)).toEqual({ width: 64, height: 48 });
});

test.each([
  [wide, 64, { width: 114, height: 64 }],
  [tall, 64, { width: 64, height: 114 }],
  [{ width: 7, height: 7 }, 64, { width: 64, height: 64 }],
  [{ width: 1000, height: 1 }, 2, { width: 2000, height: 2 }],
])('the shorter side of %j becomes %i, the longer keeps the aspect in whole pixels', (source, shortSide, expected) => {
  expect(resolveSize({ shortSide }, source)).toEqual(expected);
});

test('a smaller picture keeps its size where nothing is to be enlarged', () => {
  expect(resolveSize({ shortSide: 128, enlarge: false }, tall)).toEqual(tall);
  expect(resolveSize({ shortSide: 45, enlarge: false }, tall)).toEqual({ width: 45, height: 80 });
});

test.each([
  [wide, { width: 64, height: 64 }, { width: 64, height: 36 }],
  [tall, { width: 64, height: 64 }, { width: 36, height: 64 }],
  [wide, { width: 128, height: 72 }, { width: 128, height: 72 }],
  [
    { width: 3, height: 3 },
    { width: 20, height: 10 },
    { width: 10, height: 10 },
  ],
  [
    { width: 1000, height: 1 },
    { width: 64, height: 48 },
    { width: 64, height: 1 },
  ],
])('inside a size, %j becomes as large as fits in %j at its own aspect', (source, within, expected) => {
  expect(resolveSize({ within }, source)).toEqual(expected);
});

test('only one size for all pictures is fixed', () => {
  expect([wide, { shortSide: 64 }, { within: wide }].map(isFixedSize)).toEqual([true, false, false]);
});
