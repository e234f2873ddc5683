import { endsWithKnown, hasFrame, lastKnownAgo, leadsTo, SUBSEQUENCES } from '../../src/model/subsequences.js';

/** For each frame ahead, from the next on, the strides at which it is expected. */
const EXPECTED_AT = [[1], [1, 2], [1, 2], [1, 2, 4], [1, 2], [1, 2], [1, 2], [1, 2, 4], [1, 2], [1, 2]];

test.each(EXPECTED_AT.map((strides, at) => ({ ahead: at + 1, strides })))(
  'the frame $ahead ahead is expected at strides of $strides',
  ({ ahead, strides }) => {
    const leading = SUBSEQUENCES.filter((subsequence) => leadsTo(subsequence, ahead));
    expect(leading.map(({ stride }) => stride)).toEqual(strides);
    for (const { stride, phase } of leading) expect((ahead - phase) % stride).toBe(0);
  },
);

test('each subsequence that a frame is in has a known frame a whole number of strides before', () => {
  for (let ahead = 1; ahead < 30; ahead++) {
    const having = SUBSEQUENCES.filter((subsequence) => hasFrame(subsequence, ahead));
    expect(having.map(({ stride }) => stride)).toEqual(ahead % 4 === 0 ? [1, 2, 4] : [1, 2]);
    for (const subsequence of having) {
      const ago = lastKnownAgo(subsequence);
      expect((ahead + ago) % subsequence.stride).toBe(0);
      expect(ago).toBeLessThan(subsequence.stride);
      expect(endsWithKnown(subsequence)).toBe(ago === 0);
    }
  }
});
