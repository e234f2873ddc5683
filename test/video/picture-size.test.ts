import { sizeFor } from '../../src/video/picture-size.js';

const wide = { width: 320, height: 180 };
const tall = { width: 90, height: 160 };

test('one size is the size of every picture', () => {
  expect(sizeFor({ width: 64, height: 48 }, wide)).toEqual({ width: 64, height: 48 });
});

test.each([
  [wide, 64, { width: 114, height: 64 }],
  [tall, 64, { width: 64, height: 114 }],
  [{ width: 7, height: 7 }, 64, { width: 64, height: 64 }],
  [{ width: 1000, height: 1 }, 2, { width: 2000, height: 2 }],
])('the shorter side of %j becomes %i, the longer keeps the aspect in whole pixels', (source, shortSide, expected) => {
  expect(sizeFor({ shortSide }, source)).toEqual(expected);
});

test('a smaller picture keeps its size where nothing is to be enlarged', () => {
  expect(sizeFor({ shortSide: 128, enlarge: false }, tall)).toEqual(tall);
  expect(sizeFor({ shortSide: 45, enlarge: false }, tall)).toEqual({ width: 45, height: 80 });
});
