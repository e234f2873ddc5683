import * as tf from '@tensorflow/tfjs-core';
import { forecastNames, forecasts, type Forecastable } from '../../src/evaluation/forecasts.js';
import type { Frame } from '../../src/foundation/frame.js';
import { kernelSets } from '../backend/implementations.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));

const gray = (...levels: number[]): Frame => ({
  width: levels.length,
  height: 1,
  channels: 1,
  data: Uint8Array.from(levels),
});
const levelsOf = (futures: readonly Frame[][]) => futures.map((future) => future.map(({ data }) => [...data]));

/** Two futures of two frames: the first is nearer at first, the second over both frames. */
const at: Forecastable = {
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

test('the mean, the best and the worst are there where several are drawn, the best guess where a model makes one', () => {
  const names = (samples: number, guesses: boolean) => forecastNames({ samples, guesses });
  expect(names(1, false)).toEqual(['last-frame', 'moved-last-frame', 'sample']);
  expect(names(2, false)).toEqual(['last-frame', 'moved-last-frame', 'sample', 'mean', 'best', 'worst']);
  expect(names(1, true)).toEqual(['last-frame', 'moved-last-frame', 'best-guess', 'sample']);
});
