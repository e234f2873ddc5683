import { clipName, clipStem, isArrayFile, splitAddress } from '../../src/video/clip-address.js';

test('the path of a clip in an array file is split at the #, and other paths stay', () => {
  expect(splitAddress('/a/b.npy#3')).toEqual({ file: '/a/b.npy', place: '3' });
  expect(splitAddress('b.npz#key#3')).toEqual({ file: 'b.npz', place: 'key#3' });
  expect(splitAddress('b.npy.gz#')).toEqual({ file: 'b.npy.gz', place: '' });
  for (const path of ['b.npy', 'clip#3.mp4', 'clip.mp4#3', '.npy#3', ''])
    expect(splitAddress(path)).toEqual({ file: path, place: null });
});

test('array files are known by their endings', () => {
  expect(['a.npy', 'a.NPZ', 'a.npy.gz', 'a.npz.gz', 'a.gz', 'npy'].map(isArrayFile)).toEqual([
    ...[true, true, true],
    ...[false, false, false],
  ]);
});

test('outputs are named after a clip and its place in the file', () => {
  expect(
    ['a/clip.mp4', 'a.npy', 'a.npy.gz', 'a.npy#3', 'a.npz#key#3', 'two.parts.npy#0', 'frames'].map(clipStem),
  ).toEqual(['a/clip', 'a', 'a', 'a-3', 'a-key-3', 'two.parts-0', 'frames']);
  expect(['/x/a.npy#3', '/x/clip.mp4', '/x/a.npz#k/e'].map(clipName)).toEqual(['a.npy#3', 'clip.mp4', 'a.npz#k/e']);
});
