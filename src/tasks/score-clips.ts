import * as tf from '@tensorflow/tfjs-core';
import { freeIdleMemory } from '../backend/native-backend.js';
import { scoreFrames, summariseFrames } from '../evaluation/clip-score.js';
import { FUTURES_TOGETHER, scoreForecasts, type ClipForecasts } from '../evaluation/forecast-score.js';
import { SCORING_BATCH } from '../evaluation/scoring.js';
import { readStarts, spreadStarts } from '../evaluation/starts.js';
import type { Frame } from '../frame.js';
import { framesPerSecond, type FrameRate } from '../frame-rate.js';
import type { Model } from '../model/checkpoint.js';
import { frameBytes } from '../model/examples.js';
import { toTensors } from '../model/weights.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import { futureSettings, type FutureSettings } from '../sampling/future-settings.js';
import {
  listClips,
  openClip,
  reasonToLeaveOut,
  type ClipSource,
  type Fit,
  type LosslessCodec,
} from '../video/index.js';
import { rateToRead, rateWarning, type AskedRate } from './clip-rate.js';
import { expectDrawingMemory, scoringBatch } from './expect-memory.js';
import { noUsableClip, TOO_SHORT, type LeftOutClip } from './left-out-clips.js';
import { expectVideoModel } from './expect-video-model.js';
import { scoreCodecs } from './score-codecs.js';
import { summariseClips, type ClipsSummary, type ScoredClip } from './summarise-clips.js';

export interface ScoreClipsOptions {
  fit: Fit;
  /** Rate to bring clips to. Default: each is read at its own, with a warning where the model learned at another. */
  frameRate?: AskedRate | undefined;
  /** Frames to predict from each start; 0: none. */
  horizon: number;
  /** Places of a clip from which frames are predicted, evenly spread. Default: 4. */
  starts?: number | undefined;
  /** Futures to draw at each start. Default: 4. */
  samples?: number | undefined;
  /** Whether lossless codecs compress the same frames. Default: they do not. */
  codecs?: boolean | undefined;
  /** How futures are drawn, over what `futureSettings` has for the model. */
  settings?: Partial<FutureSettings> | undefined;
  seed: bigint | number;
  onProgress?: (progress: ScoringProgress) => void;
  /** One line about a clip that is damaged, or that is left out, or about a codec that fails. */
  onWarning?: (text: string) => void;
  signal?: AbortSignal;
}

const STARTS = 4;
const SAMPLES = 4;

export interface ScoringProgress {
  name: string;
  clip: number;
  clips: number;
  what: 'score' | 'predict' | 'compress';
  /** Frames of this clip that are done; of those that are drawn, with the share of the ones at hand. */
  frames: number;
}

export interface VideoScore extends ClipsSummary {
  /** Futures drawn at each start. */
  samples: number;
  /** Clips that could not be read or are too short. */
  leftOut: LeftOutClip[];
  /** How many clips were not reached since the work was interrupted. */
  notReached: number;
}

/**
 * Scores clips one step ahead, and predicts frames from several places of each (see `scoreFrames`, `scoreForecasts`). A
 * clip that cannot be read is left out where it was found in a folder.
 *
 * @throws PxvError `INPUT` where a clip that was named itself cannot be read, or no clip is left; the signal's reason
 * where it is aborted before a clip is finished, and else what is finished is returned
 */
export async function scoreClips(
  model: Model,
  paths: readonly string[],
  options: ScoreClipsOptions,
): Promise<VideoScore> {
  expectVideoModel(model, 'score clips');
  const sources = await listClips(paths);
  const scorer = new ClipScorer(model, sources.length, options);
  const clips: ScoredClip[] = [];
  const leftOut: LeftOutClip[] = [];
  const leaveOut = ({ name }: ClipSource, reason: string) => {
    leftOut.push({ name, reason });
    options.onWarning?.(`${name}: left out: ${reason}`);
  };
  try {
    for (const [index, source] of sources.entries()) {
      try {
        const scored = await scorer.score(source, index);
        if (scored === null) leaveOut(source, TOO_SHORT);
        else clips.push(scored);
      } catch (error) {
        if (options.signal?.aborted && clips.length > 0) break;
        leaveOut(source, reasonToLeaveOut(source, error));
      }
    }
  } finally {
    scorer.dispose();
  }
  if (clips.length === 0) throw noUsableClip('score clips', paths);
  const notReached = sources.length - clips.length - leftOut.length;
  return { samples: options.samples ?? SAMPLES, ...summariseClips(model, clips), leftOut, notReached };
}

/** Scores one clip after another. */
class ClipScorer {
  private readonly weights: tf.Tensor[];
  private readonly sampler: FrameSampler;
  private readonly settings: FutureSettings;
  /** Frames scored together. */
  private readonly batch: number;
  /** Codecs whose failure was told. */
  private readonly failed = new Set<LosslessCodec>();
  private readonly frameRate: FrameRate | undefined;

  constructor(
    private readonly model: Model,
    private readonly clips: number,
    private readonly options: ScoreClipsOptions,
  ) {
    this.settings = futureSettings(model, options.settings);
    this.frameRate = rateToRead(model, options.frameRate, 'score clips');
    this.batch = scoringBatch(model, SCORING_BATCH);
    this.expectForecastMemory();
    this.weights = toTensors(model.weights, model.chain.parameters);
    this.sampler = new FrameSampler(model);
  }

  dispose(): void {
    tf.dispose(this.weights);
    this.sampler.dispose();
  }

  /** Null for a clip of one frame. */
  async score(source: ClipSource, clip: number): Promise<ScoredClip | null> {
    const { chain } = this.model;
    const { onProgress, onWarning, codecs, signal } = this.options;
    const { name } = source;
    const tell = (what: ScoringProgress['what'], frames: number) =>
      onProgress?.({ name, clip, clips: this.clips, what, frames });

    const reader = await this.open(source);
    const otherRate = reader.hasRate ? rateWarning(this.model, reader.frameRate) : null;
    if (otherRate !== null) onWarning?.(`${name}: ${otherRate}`);
    const scored = scoreFrames(chain, this.weights, reader.frames(), { batch: this.batch, signal });
    const score = await summariseFrames(chain.examples.levels, scored, (frames) => tell('score', frames));
    // The last frames of a clip are fewer than a batch, and each number of them has arrays of its own lengths.
    freeIdleMemory();
    if (reader.warning !== null) onWarning?.(`${name}: ${reader.warning}`);
    if (score === null) return null;
    const forecasts = await this.forecasts(source, score.frames, (frames) => tell('predict', frames));
    return {
      name,
      ...score,
      frameRate: framesPerSecond(reader.frameRate),
      forecasts,
      codecs: codecs ? await this.codecs(source, score.dimensions, (frames) => tell('compress', frames)) : null,
    };
  }

  private open(source: ClipSource) {
    const { size, channels } = this.model.chain.examples;
    const { fit, signal } = this.options;
    return openClip(source.path, { size, channels, fit, frameRate: this.frameRate, ...(signal && { signal }) });
  }

  private expectForecastMemory(): void {
    const { horizon, starts = STARTS, samples = SAMPLES } = this.options;
    if (horizon === 0) return;
    const frame = frameBytes(this.model.chain.examples);
    expectDrawingMemory(this.model, {
      operation: 'score',
      together: (count) => Math.min(FUTURES_TOGETHER, count * starts),
      samples,
      option: '--samples',
      heldBytes: (count) => count * starts * horizon * frame,
    });
  }

  private async forecasts(
    source: ClipSource,
    frames: number,
    onProgress: (frames: number) => void,
  ): Promise<ClipForecasts | null> {
    const { examples } = this.model.chain;
    const { horizon, starts: count = STARTS, samples = SAMPLES, seed, signal } = this.options;
    const firsts = horizon === 0 ? [] : spreadStarts(frames, examples.context, horizon, count);
    if (firsts.length === 0) return null;
    const starts = await readStarts((await this.open(source)).frames(), firsts, examples, horizon);
    return scoreForecasts(this.sampler, this.model, starts, {
      ...{ seed, settings: this.settings, signal, horizon, samples, onProgress },
    });
  }

  private codecs(source: ClipSource, dimensions: number, onProgress: (frames: number) => void) {
    const { onWarning, signal } = this.options;
    let done = 0;
    const counted = async function* (frames: AsyncIterable<Frame>) {
      for await (const frame of frames) {
        onProgress(++done);
        yield frame;
      }
    };
    return scoreCodecs(
      async () => counted((await this.open(source)).frames()),
      this.model.chain.examples.levels,
      dimensions,
      (codec, failure) => {
        if (!this.failed.has(codec)) onWarning?.(`${source.name}: no figure of ${codec}: ${failure}`);
        this.failed.add(codec);
      },
      signal,
    );
  }
}
