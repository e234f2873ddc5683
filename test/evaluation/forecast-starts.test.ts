import { readStarts, spaceStarts } from '../../src/evaluation/forecast-starts.js';
import { staircase } from '../video/made-clips.js';

describe('the places to predict from', () => {
  test.each([
    // 20 frames, 2 given, 4 to predict: the first predicted one may be any of 2 to 16.
    [20, 2, 4, 1, [9]],
    [20, 2, 4, 3, [4, 9, 14]],
    [20, 2, 4, 15, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]],
    [20, 2, 4, 99, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]],
    // Where nothing is given there is still one frame to compare with.
    [5, 0, 4, 2, [1]],
    [6, 2, 4, 2, [2]],
    [5, 2, 4, 2, []],
    [1, 0, 1, 1, []],
  ])('in %i frames, %i given, %i to predict, %i asked for', (frames, context, horizon, count, expected) => {
    expect(spaceStarts(frames, context, horizon, count)).toEqual(expected);
  });
});

test('a start has the last two known frames, what the model is given, and the truth', async () => {
  const frames = staircase(8, 4, 3);
  const shape = { size: { width: 4, height: 3 }, channels: 1, levels: 256, context: 3 } as const;
  let read = 0;
  async function* clip() {
    for (const frame of frames) {
      read++;
      yield await Promise.resolve(frame);
    }
  }
  const starts = await readStarts(clip(), [1, 3, 4], shape, 3);
  expect(read).toBe(7);
  expect(starts.map(({ first, known, truth }) => [first, known, truth])).toEqual([
    [1, frames.slice(0, 1), frames.slice(1, 4)],
    [3, frames.slice(1, 3), frames.slice(3, 6)],
    [4, frames.slice(2, 4), frames.slice(4, 7)],
  ]);
  expect(starts[1].history).not.toEqual(starts[2].history);
});
