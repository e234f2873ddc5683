import { layoutOfShape } from '../../src/video/array-layout.js';

/** Layout in short: clips x frames of height x width x channels, and what comes first. */
function layout(...shape: number[]): string {
  const found = layoutOfShape(shape);
  if ('remedy' in found) return `refused: ${found.received}`;
  const { clips, frames, clipStride, channels, isPlanar } = found;
  const { width, height } = found.size;
  const order = clips === null ? '' : clipStride === 1 ? ', time first' : ', clips first';
  return `${clips ?? 'one'} x ${frames} of ${height}x${width}x${channels}${isPlanar ? ' planar' : ''}${order}`;
}

test.each([
  [[20, 48, 64], 'one x 20 of 48x64x1'],
  [[20, 48, 64, 1], 'one x 20 of 48x64x1'],
  [[20, 48, 64, 3], 'one x 20 of 48x64x3'],
  [[20, 1, 48, 64], 'one x 20 of 48x64x1 planar'],
  [[10, 20, 48, 64, 3], '10 x 20 of 48x64x3, clips first'],
  [[10, 20, 1, 48, 64], '10 x 20 of 48x64x1 planar, clips first'],
  [[10, 20, 3, 48, 64], '10 x 20 of 48x64x3 planar, clips first'],
  [[10, 20, 48, 64], '10 x 20 of 48x64x1, clips first'],
  [[20, 10_000, 64, 64], '10000 x 20 of 64x64x1, time first'],
  [[20, 10_000, 64, 48], '20 x 10000 of 64x48x1, clips first'],
])('an array of %j is %j', (shape, expected) => {
  expect(layout(...shape)).toBe(expected);
});

test('a set of one clip is one clip', () => {
  expect(layout(1, 20, 48, 64)).toBe('one x 20 of 48x64x1');
  expect(layout(1, 20, 3, 48, 64)).toBe('one x 20 of 48x64x3 planar');
});

test.each([
  [[64, 64], '64 x 64 (2 axes)'],
  [[2, 2, 2, 20, 64, 64], '2 x 2 x 2 x 20 x 64 x 64 (6 axes)'],
  [[0, 20, 64, 64], '0 x 20 x 64 x 64, which is empty'],
  [[48, 64, 3], '48 x 64 x 3, which is one image'],
  [[20, 3, 64, 64], '20 x 3 x 64 x 64, in which the 3 may be channels or frames'],
  [[20, 64, 64, 4], '20 x 64 x 64 x 4, with a last axis of 4'],
  [[20, 1, 64, 1], '20 x 1 x 64 x 1, with two axes that may be channels'],
  [[10, 20, 48, 64, 2], '10 x 20 x 48 x 64 x 2, without an axis of 1 or 3 channels'],
  [[10, 20, 3, 48, 3], '10 x 20 x 3 x 48 x 3, with two axes that may be channels'],
])('an array of %j is refused', (shape, received) => {
  expect(layout(...shape)).toBe(`refused: ${received}`);
});
