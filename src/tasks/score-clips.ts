import * as tf from '@tensorflow/tfjs-core';
import { PxvError } from '../errors.js';
import { uniformBitsPerDim } from '../evaluation/baselines.js';
import { scoreClip, type ClipScore } from '../evaluation/clip-score.js';
import { decibels } from '../evaluation/metrics.js';
import { scoreRollOut, type RollOutScore } from '../evaluation/roll-out-score.js';
import { RunningMean } from '../evaluation/statistics.js';
import type { Model } from '../model/checkpoint.js';
import { toTensors } from '../model/weights.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import { listClips, openClip, type ClipReader, type ClipSource, type Fit } from '../video/index.js';

export interface ScoreClipsOptions {
  fit: Fit;
  /** Frames to predict from the middle of each clip; 0: none. */
  horizon: number;
  seed: bigint | number;
  onProgress?: (progress: ScoringProgress) => void;
  /** One line about a clip that is damaged or too short to score. */
  onWarning?: (text: string) => void;
  signal?: AbortSignal;
}

export interface ScoringProgress {
  name: string;
  clip: number;
  clips: number;
  what: 'score' | 'predict';
  /** Frames scored, or predicted, of this clip. */
  frames: number;
}

export interface ScoredClip extends ClipScore {
  name: string;
  rollOut: RollOutScore | null;
}

export interface VideoScore {
  clips: ScoredClip[];
  frames: number;
  dimensions: number;
  /** All bits over all dimensions. */
  bitsPerDim: number;
  /** Whether bits/dim are exact; else they are an upper bound (see `Chain.exact`). */
  exact: boolean;
  /** Of bitsPerDim, over clips; NaN for one clip. */
  standardError: number;
  baselines: { uniform: number; 'previous-frame': number };
  /** In decibels, by frame of the horizon, from the mean squared error over clips; null without predicted frames. */
  psnr: { predicted: number[]; copyLast: number[] } | null;
  /** Mean absolute change from frame to frame, in levels; null without predicted frames. */
  change: { predicted: number; true: number } | null;
}

/** Scores clips one step ahead, and predicts frames from the middle of each (see `scoreClip`, `scoreRollOut`). */
export async function scoreClips(
  model: Model,
  paths: readonly string[],
  options: ScoreClipsOptions,
): Promise<VideoScore> {
  const sources = await listClips(paths);
  const weights = toTensors(model.weights, model.chain.parameters);
  const sampler = new FrameSampler(model);
  const clips: ScoredClip[] = [];
  try {
    for (const [index, source] of sources.entries()) {
      const scored = await scoreOne(model, weights, sampler, source, index, sources.length, options);
      if (scored !== null) clips.push(scored);
    }
  } finally {
    tf.dispose(weights);
    sampler.dispose();
  }
  if (clips.length === 0) throw nothingToScore(paths);
  return summary(model, clips);
}

async function scoreOne(
  model: Model,
  weights: readonly tf.Tensor[],
  sampler: FrameSampler,
  source: ClipSource,
  clip: number,
  clips: number,
  { fit, horizon, seed, onProgress, onWarning, signal }: ScoreClipsOptions,
): Promise<ScoredClip | null> {
  const { name } = source;
  const { size, channels } = model.chain.examples;
  const open = (): Promise<ClipReader> => openClip(source.path, { size, channels, fit, ...(signal && { signal }) });
  const tell = (what: ScoringProgress['what'], frames: number) => onProgress?.({ name, clip, clips, what, frames });

  const reader = await open();
  const score = await scoreClip(model, weights, reader.frames(), (frames) => tell('score', frames));
  if (reader.warning !== null) onWarning?.(`${name}: ${reader.warning}`);
  if (score.frames < 2) {
    onWarning?.(`${name}: left out: one frame has nothing before it to predict it from`);
    return null;
  }
  if (horizon === 0 || score.frames < horizon + 1) return { name, ...score, rollOut: null };
  const first = Math.max(1, Math.floor((score.frames - horizon) / 2));
  let predicted = 0;
  const onRow = (share: number) => tell('predict', share < 1 ? predicted : ++predicted);
  const roll = { seed, samples: [0], first, settings: { temperature: 1, topP: 1 }, onRow, signal };
  return { name, ...score, rollOut: await scoreRollOut(sampler, model, (await open()).frames(), roll, horizon) };
}

function summary(model: Model, clips: ScoredClip[]): VideoScore {
  const bits = new RunningMean();
  const previous = new RunningMean();
  for (const { bitsPerDim, previousFrameBitsPerDim, dimensions } of clips) {
    bits.add(bitsPerDim, dimensions);
    previous.add(previousFrameBitsPerDim, dimensions);
  }
  const rolled = clips.flatMap(({ rollOut }) => (rollOut === null ? [] : [rollOut]));
  return {
    clips,
    frames: sum(clips.map(({ frames }) => frames)),
    dimensions: sum(clips.map(({ dimensions }) => dimensions)),
    bitsPerDim: bits.mean,
    exact: model.chain.exact,
    standardError: bits.standardError,
    baselines: { uniform: uniformBitsPerDim(model.chain.examples.levels), 'previous-frame': previous.mean },
    psnr:
      rolled.length === 0
        ? null
        : {
            predicted: byHorizon(rolled.map(({ predicted }) => predicted)),
            copyLast: byHorizon(rolled.map(({ copyLast }) => copyLast)),
          },
    change:
      rolled.length === 0
        ? null
        : {
            predicted: sum(rolled.map(({ predictedChange }) => predictedChange)) / rolled.length,
            true: sum(rolled.map(({ trueChange }) => trueChange)) / rolled.length,
          },
  };
}

/** Decibels of the mean squared error over clips, for each frame of the horizon. */
function byHorizon(errors: readonly number[][]): number[] {
  return errors[0].map((_, h) => decibels(sum(errors.map((clip) => clip[h])) / errors.length));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function nothingToScore(paths: readonly string[]): PxvError {
  return new PxvError({
    code: 'INPUT',
    operation: 'score clips',
    argument: paths.join(', '),
    expected: 'at least one clip of two frames or more',
    received: 'none',
    remedy: 'give longer clips',
  });
}
