import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { blockMatching, BLOCK_MATCHING, extrapolateMotion } from '../backend/block-matching.js';
import type { Frame } from '../foundation/frame.js';
import { assertSameGeometry, meanSquaredError } from './metrics.js';
import type { ForecastStart } from './forecast-starts.js';

/** What forecasts are made of at one start of a clip. */
export interface ForecastInput extends Pick<ForecastStart, 'known' | 'truth'> {
  /** The futures drawn from the model, one a sample: each the frames of the horizon. */
  drawn: readonly Frame[][];
  /** The model's best guess, the frames of the horizon; null where it has none. */
  guess: Frame[] | null;
}

/** What a model is asked for at a start. */
export interface ForecastRequest {
  samples: number;
  /** Whether it makes a best guess. */
  guesses: boolean;
}

interface ForecastKind {
  /** For people; of so many samples. */
  title: (samples: number) => string;
  /** Where there is such a forecast. Default: everywhere. */
  among?: (asked: ForecastRequest) => boolean;
  /** The futures whose errors are averaged: each the frames of the horizon. */
  futures: (at: ForecastInput) => readonly Frame[][];
}

const amongSeveral = ({ samples }: ForecastRequest) => samples > 1;

/** Every kind of forecast that is compared with the truth; a new one is an entry here, and what it is made of above. */
export const forecasts = {
  'last-frame': {
    title: () => 'last frame',
    futures: ({ known, truth }) => [truth.map(() => known[known.length - 1])],
  },
  'moved-last-frame': {
    title: () => 'last frame moved',
    futures: ({ known, truth }) => [continueMotion(known, truth.length)],
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
    futures: ({ drawn, truth }) => [byError(drawn, truth)[0]],
  },
  worst: {
    title: (samples) => `worst of ${samples}`,
    among: amongSeveral,
    futures: ({ drawn, truth }) => [byError(drawn, truth)[drawn.length - 1]],
  },
} as const satisfies Record<string, ForecastKind>;

export type ForecastName = keyof typeof forecasts;

/** The kinds that there are, in the order of the table. */
export function forecastNames(asked: ForecastRequest): ForecastName[] {
  const kinds = Object.entries<ForecastKind>(forecasts) as [ForecastName, ForecastKind][];
  return kinds.filter(([, { among }]) => among?.(asked) ?? true).map(([name]) => name);
}

/** The mean of frames of one size, rounded to bytes. */
export function meanFrame(frames: readonly Frame[]): Frame {
  const mean = (at: number) => frames.reduce((sum, { data }) => sum + data[at], 0) / frames.length;
  return { ...frames[0], data: Uint8Array.from(frames[0].data, (_, at) => Math.round(mean(at))) };
}

/** The futures by their squared error over the whole horizon, the least first. */
function byError(futures: readonly Frame[][], truth: readonly Frame[]): Frame[][] {
  const errorOf = (future: Frame[]) => truth.reduce((sum, frame, h) => sum + meanSquaredError(frame, future[h]), 0);
  const errors = new Map(futures.map((future) => [future, errorOf(future)]));
  return [...futures].sort((a, b) => errors.get(a)! - errors.get(b)!);
}

/**
 * The frames that follow if the motion between the last two known ones goes on in each place: the last frame moved on by
 * block matching, that one moved on again, and so on. Where one frame alone is known, nothing moves.
 * @param known oldest first, at least one
 */
export function continueMotion(known: readonly Frame[], horizon: number): Frame[] {
  const last = known[known.length - 1];
  const before = known[known.length - 2] ?? last;
  assertSameGeometry('motion', before, last);
  const { width, height, channels } = last;
  return tf.tidy(() => {
    const [first, second] = [before, last].map(({ data }) =>
      tf.tensor<Rank.R4>(Float32Array.from(data), [1, height, width, channels]),
    );
    const found = blockMatching({ height, width, channels, ...BLOCK_MATCHING }, first, second);
    let moved: Tensor4D = second;
    return Array.from({ length: horizon }, () => {
      moved = extrapolateMotion(moved, found);
      return { ...last, data: Uint8Array.from(moved.dataSync(), Math.round) };
    });
  });
}
