import * as tf from '@tensorflow/tfjs-core';
import { forecastNames, forecasts, continueMotion, type ForecastInput } from '../../src/evaluation/forecasts.js';
import type { Frame } from '../../src/foundation/frame.js';
import { kernelSets } from '../backend/implementations.js';
import { randomInts } from '../random.js';
import { frame } from '../video/made-clips.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));

const gray = (...levels: number[]): Frame => ({
  width: levels.length,
  height: 1,
  channels: 1,
  data: Uint8Array.from(levels),
});
const levelsOf = (futures: readonly Frame[][]) => futures.map((future) => future.map(({ data }) => [...data]));

/** Two futures of two frames: the first is nearer at first, the second over both frames. */
const at: ForecastInput = {
  known: [gray(0, 0), gray(10, 20)],
  truth: [gray(12, 22), gray(14, 24)],
  drawn: [
    [gray(12, 22), gray(40, 24)],
    [gray(15, 22), gray(15, 25)],
  ],
  guess: null,
};

test('one sample is every sample in turn', () => {
  expect(forecasts.sample.futures(at)).toBe(at.drawn);
});

test('the mean of samples is that of each sub-pixel, rounded', () => {
  expect(levelsOf(forecasts.mean.futures(at))).toEqual([
    [
      [14, 22],
      [28, 25],
    ],
  ]);
});

test('the best of samples is the one that is nearest over the whole horizon, and the worst the farthest', () => {
  expect(forecasts.best.futures(at)).toEqual([at.drawn[1]]);
  expect(forecasts.worst.futures(at)).toEqual([at.drawn[0]]);
});

test('the last frame is repeated, and moved by no motion that is not worth it', () => {
  const repeated = [
    [
      [10, 20],
      [10, 20],
    ],
  ];
  expect(levelsOf(forecasts['last-frame'].futures(at))).toEqual(repeated);
  const still = { ...at, known: [gray(10, 20), gray(10, 20)] };
  expect(levelsOf(forecasts['moved-last-frame'].futures(still))).toEqual(repeated);
});

test('the best guess is the one that a model makes', () => {
  expect(forecasts['best-guess'].futures({ ...at, guess: at.truth })).toEqual([at.truth]);
});

test('mean, best and worst are there if several are drawn, the best guess if a model makes one', () => {
  const names = (samples: number, guesses: boolean) =>
    forecastNames({ drawn: Array.from({ length: samples }, () => []), guess: guesses ? [] : null });
  expect(names(1, false)).toEqual(['last-frame', 'moved-last-frame', 'sample']);
  expect(names(2, false)).toEqual(['last-frame', 'moved-last-frame', 'sample', 'mean', 'best', 'worst']);
  expect(names(1, true)).toEqual(['last-frame', 'moved-last-frame', 'best-guess', 'sample']);
});

describe('a frame moved on', () => {
  const width = 24;
  const height = 20;
  const texture = randomInts(64 * 64 * 3, 256, 1);

  /** A piece of the texture, from a row and a column of it on. */
  const piece = (row: number, column: number): Frame =>
    frame(width, height, 3, (x, y, c) => texture[((y + row) * 64 + x + column) * 3 + c]);

  /** Values of one channel of a frame's inside, away from what enters at the edges. */
  function inside({ data }: Frame, margin: number): number[] {
    const places = Array.from({ length: width * height }, (_, at) => at).filter((at) => {
      const x = at % width;
      const y = Math.floor(at / width);
      return x >= margin && x < width - margin && y >= margin && y < height - margin;
    });
    return places.map((at) => data[3 * at]);
  }

  test('is the true one where a picture goes on as it went, but for what enters at the edges', () => {
    const moved = continueMotion([piece(20, 20), piece(19, 21)], 3);
    for (const [h, frame] of moved.entries()) {
      expect(inside(frame, 7 + h)).toEqual(inside(piece(18 - h, 22 + h), 7 + h));
    }
  });

  test('repeats the last frame where that alone is known', () => {
    const last = piece(3, 4);
    expect(continueMotion([last], 2)).toEqual([last, last]);
  });

  test('moves each part as it moved: the left half goes up, the right half stays', () => {
    const halves = (row: number) =>
      frame(width, height, 3, (x, y, c) => texture[((y + (x < width / 2 ? row : 40)) * 64 + x) * 3 + c]);
    const [moved] = continueMotion([halves(10), halves(11)], 1);
    const truth = halves(12);
    const row = (height / 2) * width;
    for (const place of [row + 4, row + width - 5]) expect(moved.data[3 * place]).toBe(truth.data[3 * place]);
  });

  test('stays as it is where nothing moved', () => {
    const flat = frame(width, height, 3, () => 77);
    for (const still of [flat, piece(5, 5)]) expect(continueMotion([still, still], 2)).toEqual([still, still]);
  });

  test('frames of two sizes are refused, and no tensor is left behind', () => {
    const tensors = tf.memory().numTensors;
    expect(() => continueMotion([piece(1, 1), frame(3, 3, 3, () => 0)], 1)).toThrow('motion');
    continueMotion([piece(1, 1), piece(2, 1)], 2);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
