import { numberOf } from '../../src/foundation/number-of.js';

test.each([
  [numberOf(0, 'clip'), '0 clips'],
  [numberOf(1, 'clip'), '1 clip'],
  [numberOf(2, 'clip'), '2 clips'],
  [numberOf(1, 'entry', 'entries'), '1 entry'],
  [numberOf(3, 'entry', 'entries'), '3 entries'],
  [numberOf('1', 'frame'), '1 frame'],
  [numberOf('30000/1001', 'frame'), '30000/1001 frames'],
  [numberOf('1 of 5', 'image'), '1 of 5 images'],
])('a number stands before its noun: %s', (said, expected) => {
  expect(said).toBe(expected);
});
