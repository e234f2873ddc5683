import * as tf from '@tensorflow/tfjs-core';
import { uniformBitsPerDim } from '../evaluation/baselines.js';
import { scoreFrames, summariseFrames, type ClipScore } from '../evaluation/clip-score.js';
import { decibels } from '../evaluation/metrics.js';
import { scoreRollOut, type RollOutScore } from '../evaluation/roll-out-score.js';
import { RunningMean } from '../evaluation/statistics.js';
import type { Model } from '../model/checkpoint.js';
import { toTensors } from '../model/weights.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import { listClips, openClip, reasonToLeaveOut, type ClipReader, type ClipSource, type Fit } from '../video/index.js';
import { noUsableClip, TOO_SHORT, type LeftOutClip } from './left-out-clips.js';

export interface ScoreClipsOptions {
  fit: Fit;
  /** Frames to predict from the middle of each clip; 0: none. */
  horizon: number;
  seed: bigint | number;
  onProgress?: (progress: ScoringProgress) => void;
  /** One line about a clip that is damaged, or that is left out. */
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
  /** Clips that could not be read or are too short. */
  leftOut: LeftOutClip[];
  /** How many clips were not reached since the work was interrupted. */
  notReached: number;
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

/**
 * Scores clips one step ahead, and predicts frames from the middle of each (see `scoreFrames`, `scoreRollOut`). A clip that
 * cannot be read is left out where it was found in a folder.
 *
 * @throws PxvError `INPUT` where a clip that was named itself cannot be read, or no clip is left; the signal's reason
 * where it is aborted before a clip is finished, and else what is finished is returned
 */
export async function scoreClips(
  model: Model,
  paths: readonly string[],
  options: ScoreClipsOptions,
): Promise<VideoScore> {
  const sources = await listClips(paths);
  const weights = toTensors(model.weights, model.chain.parameters);
  const sampler = new FrameSampler(model);
  const clips: ScoredClip[] = [];
  const leftOut: LeftOutClip[] = [];
  const leaveOut = ({ name }: ClipSource, reason: string) => {
    leftOut.push({ name, reason });
    options.onWarning?.(`${name}: left out: ${reason}`);
  };
  try {
    for (const [index, source] of sources.entries()) {
      try {
        const scored = await scoreOne(model, weights, sampler, source, index, sources.length, options);
        if (scored === null) leaveOut(source, TOO_SHORT);
        else clips.push(scored);
      } catch (error) {
        if (options.signal?.aborted && clips.length > 0) break;
        leaveOut(source, reasonToLeaveOut(source, error));
      }
    }
  } finally {
    tf.dispose(weights);
    sampler.dispose();
  }
  if (clips.length === 0) throw noUsableClip('score clips', paths);
  const notReached = sources.length - clips.length - leftOut.length;
  return { ...summary(model, clips), leftOut, notReached };
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
  const scored = scoreFrames(model.chain, weights, reader.frames());
  const score = await summariseFrames(model.chain.examples.levels, scored, (frames) => tell('score', frames));
  if (reader.warning !== null) onWarning?.(`${name}: ${reader.warning}`);
  if (score === null) return null;
  if (horizon === 0 || score.frames < horizon + 1) return { name, ...score, rollOut: null };
  const first = Math.max(1, Math.floor((score.frames - horizon) / 2));
  let predicted = 0;
  const onRow = (share: number) => tell('predict', share < 1 ? predicted : ++predicted);
  const roll = { seed, samples: [0], first, settings: { temperature: 1, topP: 1 }, onRow, signal };
  return { name, ...score, rollOut: await scoreRollOut(sampler, model, (await open()).frames(), roll, horizon) };
}

function summary(model: Model, clips: ScoredClip[]): Omit<VideoScore, 'leftOut' | 'notReached'> {
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
