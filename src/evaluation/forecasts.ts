import type { Frame } from '../foundation/frame.js';
import { meanSquaredError } from './metrics.js';
import { moveOn } from './moved-frame.js';
import type { Start } from './starts.js';

/** What forecasts are made of at one start of a clip. */
export interface Forecastable extends Pick<Start, 'known' | 'truth'> {
  /** The futures drawn from the model, one a sample: each the frames of the horizon. */
  drawn: readonly Frame[][];
  /** The model's best guess, the frames of the horizon; null where it has none. */
  guess: Frame[] | null;
}

/** What a model is asked for at a start. */
export interface ForecastsAsked {
  samples: number;
  /** Whether it makes a best guess. */
  guesses: boolean;
}

interface ForecastKind {
  /** For people; of so many samples. */
  title: (samples: number) => string;
  /** Where there is such a forecast. Default: everywhere. */
  among?: (asked: ForecastsAsked) => boolean;
  /** The futures whose errors are averaged: each the frames of the horizon. */
  futures: (at: Forecastable) => readonly Frame[][];
}

const amongSeveral = ({ samples }: ForecastsAsked) => samples > 1;

/** Every kind of forecast that is compared with the truth; a new one is an entry here, and what it is made of above. */
export const forecasts = {
  'last-frame': {
    title: () => 'last frame',
    futures: ({ known, truth }) => [truth.map(() => known[known.length - 1])],
  },
  'moved-last-frame': {
    title: () => 'last frame moved',
    futures: ({ known, truth }) => [moveOn(known, truth.length)],
  },
  'best-guess': {
    title: () => 'best guess',
    among: ({ guesses }) => guesses,
    futures: ({ guess }) => (guess === null ? [] : [guess]),
  },
  sample: { title: () => 'one sample', futures: ({ drawn }) => drawn },
  mean: {
    title: (samples) => `mean of ${samples}`,
    among: amongSeveral,
    futures: ({ drawn }) => [drawn[0].map((_, h) => meanFrame(drawn.map((future) => future[h])))],
  },
  best: {
    title: (samples) => `best of ${samples}`,
    among: amongSeveral,
    futures: ({ drawn, truth }) => [nearest(drawn, truth)],
  },
} as const satisfies Record<string, ForecastKind>;

export type ForecastName = keyof typeof forecasts;

/** The kinds that there are, in the order of the table. */
export function forecastNames(asked: ForecastsAsked): ForecastName[] {
  const kinds = Object.entries<ForecastKind>(forecasts) as [ForecastName, ForecastKind][];
  return kinds.filter(([, { among }]) => among?.(asked) ?? true).map(([name]) => name);
}

/** The mean of frames of one size, rounded to bytes. */
export function meanFrame(frames: readonly Frame[]): Frame {
  const mean = (at: number) => frames.reduce((sum, { data }) => sum + data[at], 0) / frames.length;
  return { ...frames[0], data: Uint8Array.from(frames[0].data, (_, at) => Math.round(mean(at))) };
}

/** The future with the least squared error over the whole horizon. */
function nearest(futures: readonly Frame[][], truth: readonly Frame[]): Frame[] {
  const errors = futures.map((future) => truth.reduce((sum, frame, h) => sum + meanSquaredError(frame, future[h]), 0));
  return futures[errors.indexOf(Math.min(...errors))];
}
