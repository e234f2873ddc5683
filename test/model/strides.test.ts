import { endsWithKnown, hasFrame, lastKnownAgo, leadsTo, SUBSEQUENCES } from '../../src/model/strides.js';

/** For each frame ahead, from the next on, the strides at which it is expected. */
const DRAWN = [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [1, 3, 4], [1, 3, 4], [1, 4], [1, 4], [1, 4], [1, 4]];

test.each(DRAWN.map((strides, at) => ({ ahead: at + 1, strides })))(
  'the frame $ahead ahead is expected at strides of $strides',
  ({ ahead, strides }) => {
    const leading = SUBSEQUENCES.filter((subsequence) => leadsTo(subsequence, ahead));
    expect(leading.map(({ stride }) => stride)).toEqual(strides);
    for (const { stride, phase } of leading) expect((ahead - phase) % stride).toBe(0);
  },
);

test('each frame is in one subsequence of each stride, which has a known frame a whole number of strides before', () => {
  for (let ahead = 1; ahead < 30; ahead++) {
    const having = SUBSEQUENCES.filter((subsequence) => hasFrame(subsequence, ahead));
    expect(having.map(({ stride }) => stride)).toEqual([1, 2, 3, 4]);
    for (const subsequence of having) {
      const ago = lastKnownAgo(subsequence);
      expect((ahead + ago) % subsequence.stride).toBe(0);
      expect(ago).toBeLessThan(subsequence.stride);
      expect(endsWithKnown(subsequence)).toBe(ago === 0);
    }
  }
});
