import { pluralize } from '../../src/foundation/pluralize.js';

test.each([
  [pluralize(0, 'clip'), '0 clips'],
  [pluralize(1, 'clip'), '1 clip'],
  [pluralize(2, 'clip'), '2 clips'],
  [pluralize(1, 'entry', 'entries'), '1 entry'],
  [pluralize(3, 'entry', 'entries'), '3 entries'],
  [pluralize('1', 'frame'), '1 frame'],
  [pluralize('30000/1001', 'frame'), '30000/1001 frames'],
  [pluralize('1 of 5', 'image'), '1 of 5 images'],
])('a number stands before its noun: %s', (said, expected) => {
  expect(said).toBe(expected);
});
