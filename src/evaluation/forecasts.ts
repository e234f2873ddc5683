import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { blockMatching, BLOCK_MATCHING, extrapolateMotion } from '../backend/block-matching.js';
import type { Frame } from '../foundation/frame.js';
import { assertSameGeometry, meanSquaredError } from './metrics.js';
import type { ForecastStart } from './forecast-starts.js';

/** Known, true and predicted frames at one start, from which every kind of forecast is made. */
export interface ForecastInput extends Pick<ForecastStart, 'known' | 'truth'> {
  /** Samples of the model: [sample][frame of the horizon]. */
  drawn: readonly Frame[][];
  /** Frames of the best guess over the horizon; null if the model learns no expected frame. */
  guess: Frame[] | null;
}

type Predictions = Pick<ForecastInput, 'drawn' | 'guess'>;

interface ForecastKind {
  /** Returns the title of the forecast in tables. */
  title: (samples: number) => string;
  /** Returns true if the forecast can be made of the predictions. Default: always. */
  isAvailable?: (at: Predictions) => boolean;
  /** Returns the rollouts whose errors are averaged: [rollout][frame of the horizon]. */
  futures: (at: ForecastInput) => readonly Frame[][];
}

const isOfSeveralSamples = ({ drawn }: Predictions) => drawn.length > 1;

/**
 * Registry of kinds of forecast that are compared with the true frames, such as the last frame repeated or the mean of
 * samples. A new kind is an entry here, made from a `ForecastInput`.
 */
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
    isAvailable: ({ guess }) => guess !== null,
    futures: ({ guess }) => (guess === null ? [] : [guess]),
  },
  sample: { title: () => 'one sample', futures: ({ drawn }) => drawn },
  mean: {
    title: (samples) => `mean of ${samples}`,
    isAvailable: isOfSeveralSamples,
    futures: ({ drawn }) => [drawn[0].map((_, h) => meanFrame(drawn.map((future) => future[h])))],
  },
  best: {
    title: (samples) => `best of ${samples}`,
    isAvailable: isOfSeveralSamples,
    futures: ({ drawn, truth }) => [byError(drawn, truth)[0]],
  },
  worst: {
    title: (samples) => `worst of ${samples}`,
    isAvailable: isOfSeveralSamples,
    futures: ({ drawn, truth }) => [byError(drawn, truth)[drawn.length - 1]],
  },
} as const satisfies Record<string, ForecastKind>;

/** Name of a kind of forecast. @useDeclaredType */
export type ForecastName = keyof typeof forecasts;

/**
 * Returns the names of the kinds of forecast that can be made of predictions, in the order of `forecasts`: mean, best
 * and worst need more than one sample.
 */
export function forecastNames(at: Predictions): ForecastName[] {
  const kinds = Object.entries<ForecastKind>(forecasts) as [ForecastName, ForecastKind][];
  return kinds.filter(([, { isAvailable }]) => isAvailable?.(at) ?? true).map(([name]) => name);
}

/** Returns the mean of frames of equal size, rounded to bytes. */
export function meanFrame(frames: readonly Frame[]): Frame {
  const mean = (at: number) => frames.reduce((sum, { data }) => sum + data[at], 0) / frames.length;
  return { ...frames[0], data: Uint8Array.from(frames[0].data, (_, at) => Math.round(mean(at))) };
}

/** Returns all frames in grey: the mean of the channels of each pixel, rounded to bytes. */
export function toGrey({ known, truth, drawn, guess }: ForecastInput): ForecastInput {
  const grey = (frames: readonly Frame[]) => frames.map(greyFrame);
  return { known: grey(known), truth: grey(truth), drawn: drawn.map(grey), guess: guess && grey(guess) };
}

function greyFrame(frame: Frame): Frame {
  const { channels, data, width, height } = frame;
  if (channels === 1) return frame;
  const mean = (pixel: number) => (data[3 * pixel] + data[3 * pixel + 1] + data[3 * pixel + 2]) / 3;
  const levels = Uint8Array.from({ length: width * height }, (_, at) => Math.round(mean(at)));
  return { width, height, channels: 1, data: levels };
}

/** Returns rollouts sorted by squared error over the whole horizon, smallest first. */
function byError(futures: readonly Frame[][], truth: readonly Frame[]): Frame[][] {
  const errorOf = (future: Frame[]) => truth.reduce((sum, frame, h) => sum + meanSquaredError(frame, future[h]), 0);
  const errors = new Map(futures.map((future) => [future, errorOf(future)]));
  return [...futures].sort((a, b) => errors.get(a)! - errors.get(b)!);
}

/**
 * Extrapolates the motion between the last two known frames. Block matching finds the motion, and the last frame is
 * warped by the motion again and again. A single known frame is repeated.
 * @param known known frames, oldest first; at least one
 * @returns `horizon` frames
 */
export function continueMotion(known: readonly Frame[], horizon: number): Frame[] {
  const last = known[known.length - 1];
  const before = known[known.length - 2] ?? last;
  assertSameGeometry('motion', before, last);
  return tf.tidy(() => {
    const { image, motion } = matchFrames(before, last);
    let moved = image;
    return Array.from({ length: horizon }, () => {
      moved = extrapolateMotion(moved, motion);
      return { ...last, data: Uint8Array.from(moved.dataSync(), Math.round) };
    });
  });
}

/**
 * Finds the motion of blocks between two frames of equal size.
 * @returns `image`, frame `last` as a tensor, and `motion`, the output of `blockMatching`. The caller disposes both
 */
export function matchFrames(before: Frame, last: Frame): { image: Tensor4D; motion: Tensor4D } {
  const { width, height, channels } = last;
  const [first, image] = [before, last].map(({ data }) =>
    tf.tensor<Rank.R4>(Float32Array.from(data), [1, height, width, channels]),
  );
  return { image, motion: blockMatching({ height, width, channels, ...BLOCK_MATCHING }, first, image) };
}
