import * as tf from '@tensorflow/tfjs-core';
import { scoreFrames } from '../evaluation/clip-score.js';
import { bitsOfPixels } from '../evaluation/scoring.js';
import { errorsOf } from '../foundation/errors.js';
import type { Box, Frame } from '../foundation/frame.js';
import { numberOf } from '../foundation/number-of.js';
import { framesAtLevels } from '../foundation/levels.js';
import { atSize } from '../model/at-size.js';
import { dimensions } from '../model/chain.js';
import type { Model } from '../model/checkpoint.js';
import { toTensors } from '../model/weights.js';
import { Moments, type Moment } from './moments.js';
import { StandOut, type UsualFrames } from './stand-out.js';

/** A frame of a source, and how it compares with the source's past. */
export interface Observed {
  /** In the source, from 1: the first frame has nothing before it. */
  index: number;
  /** At the model's levels. */
  frame: Frame;
  /** What it costs, exactly, given the frames before it: bits/dim. */
  bits: number;
  /** Where: bits of each pixel, all channels together, height x width. */
  map: Float64Array;
  /** How far it stands out by itself: see `StandOut`. */
  deviation: number;
  /** Where it stands out most. */
  box: Box;
  /** How far each place stands out. */
  ofPlaces: Float64Array;
}

/** A frame with its score, which needs the half second after it. */
export interface SurprisingFrame extends Omit<Observed, 'deviation' | 'ofPlaces'> {
  /** How far it stands out, in deviations from what is usual: itself, and the second around it. */
  score: number;
  /** What stood out so far, but in the last second, the largest first. */
  moments: readonly Moment[];
}

/** How frames are compared with what is usual. */
export interface SurpriseOptions {
  /** Frames a second. Default: 25. */
  frameRate?: number | undefined;
  /** What is usual, as `learnUsual` gives it. Default: what the source itself has shown before. */
  usual?: UsualFrames | undefined;
  /** Frames computed together, which are waited for; no figure depends on it. Default: 1. */
  batch?: number | undefined;
  /** Ends it: what is thrown is its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Scores frames as they come, from a camera or a clip: how many bits each costs, where, and how far it stands out against the past of the
 * same source. A frame is given half a second after it came, and so many more as `batch` has.
 *
 * @param model of video, whose frames may have any size
 * @param frames all of one size, with the model's channels
 * @throws PxvError `INPUT` where a frame is of another shape, or `usual` was learned at another size; the signal's reason once it is aborted
 */
export async function* surprise(
  model: Model,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  options: SurpriseOptions = {},
): AsyncGenerator<SurprisingFrame, void> {
  const { frameRate = 25, usual } = options;
  const smoothing = new Smoothing(frameRate);
  const moments = new Moments(frameRate);
  const waiting: Observed[] = [];
  const given = function* (scores: readonly number[], isEnd = false) {
    for (const score of scores) {
      const { index, frame, bits, map, box } = waiting.shift()!;
      moments.add(index, score, box);
      if (isEnd && waiting.length === 0) moments.end();
      yield { index, frame, bits, map, box, score, moments: moments.largest };
    }
  };
  for await (const observed of observe(model, frames, (frame) => new StandOut(frame, frameRate, usual), options)) {
    waiting.push(observed);
    yield* given(smoothing.add(observed.deviation));
  }
  yield* given(smoothing.end(), true);
}

/**
 * What is usual, learned from frames that show nothing else: clips of the same camera. Null where there are not two frames.
 *
 * @param clips the frames of each, all of one size, with the model's channels
 * @throws PxvError `INPUT` where a frame is of another shape; the signal's reason once it is aborted
 */
export async function learnUsual(
  model: Model,
  clips: AsyncIterable<AsyncIterable<Frame>> | Iterable<AsyncIterable<Frame> | Iterable<Frame>>,
  options: SurpriseOptions & { onFrame?: (frames: number) => void } = {},
): Promise<UsualFrames | null> {
  let standOut: StandOut | null = null;
  let frames = 0;
  for await (const clip of clips) {
    for await (const { map, frame } of scored(model, clip, options)) {
      standOut ??= new StandOut(frame, options.frameRate ?? 25, undefined, Infinity);
      standOut.learn(map);
      options.onFrame?.(++frames);
    }
  }
  return standOut?.toJSON() ?? null;
}

/** The frames of a source but the first, compared with what is usual. @param standOutOf called with the first */
export async function* observe(
  model: Model,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  standOutOf: (frame: Frame) => StandOut,
  options: SurpriseOptions = {},
): AsyncGenerator<Observed, void> {
  let standOut: StandOut | null = null;
  for await (const { index, frame, bits, map } of scored(model, frames, options)) {
    standOut ??= standOutOf(frame);
    yield { index, frame, bits, map, ...standOut.add(map) };
  }
}

type Costed = Pick<Observed, 'index' | 'frame' | 'bits' | 'map'>;

async function* scored(
  trained: Model,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  { batch = 1, signal }: SurpriseOptions,
): AsyncGenerator<Costed, void> {
  const source = (
    Symbol.asyncIterator in frames ? frames[Symbol.asyncIterator]() : frames[Symbol.iterator]()
  ) as AsyncIterator<Frame>;
  const first = await source.next();
  if (first.done) return;
  const model = modelFor(trained, first.value);
  const { chain } = model;
  async function* all() {
    yield first.value as Frame;
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  }
  const weights = toTensors(model.weights, chain.parameters);
  try {
    const levels = framesAtLevels(all(), chain.exampleShape.levels);
    for await (const { index, frame, nats } of scoreFrames(chain, weights, levels, { batch, signal })) {
      const map = bitsOfPixels(chain, nats);
      yield { index, frame, map, bits: map.reduce((sum, value) => sum + value, 0) / dimensions(chain) };
    }
  } finally {
    tf.dispose(weights);
    await source.return?.();
  }
}

function modelFor(model: Model, { width, height, channels }: Frame): Model {
  const wanted = model.chain.exampleShape.channels;
  if (channels !== wanted)
    throw errorsOf('INPUT', 'find surprise')(
      'frame',
      numberOf(wanted, 'channel'),
      `${channels}`,
      "give frames of the model's colours",
    );
  return atSize(model, { width, height });
}

/** A frame's score: the mean of its own deviation, and that of the second around it. */
export class Smoothing {
  private readonly half: number;
  /** Of the frames that are waited for, and the half second before them. */
  private recent: number[] = [];
  /** Of those, how many have their score. */
  private done = 0;

  constructor(frameRate: number) {
    this.half = Math.max(1, Math.round(frameRate / 2));
  }

  /** @returns the scores that are known now: of one frame, half a second before, or of none */
  add(deviation: number): number[] {
    this.recent.push(deviation);
    return this.recent.length > this.done + this.half ? [this.next()] : [];
  }

  /** @returns the scores of the last frames */
  end(): number[] {
    return Array.from({ length: this.recent.length - this.done }, () => this.next());
  }

  private next(): number {
    const around = this.recent.slice(Math.max(0, this.done - this.half), this.done + this.half + 1);
    const score = (this.recent[this.done] + around.reduce((sum, value) => sum + value, 0) / around.length) / 2;
    this.done++;
    const old = this.done - this.half;
    if (old > 0) {
      this.recent = this.recent.slice(old);
      this.done -= old;
    }
    return score;
  }
}
