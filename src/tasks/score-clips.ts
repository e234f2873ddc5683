import * as tf from '@tensorflow/tfjs-core';
import { freeIdleMemory } from '../backend/native-backend.js';
import { scoreFrames, summariseFrames, type ClipScore } from '../evaluation/clip-score.js';
import { FUTURES_TOGETHER, scoreForecasts, type ClipForecasts } from '../evaluation/forecast-score.js';
import { SCORING_BATCH } from '../evaluation/scoring.js';
import { readStarts, spreadStarts } from '../evaluation/starts.js';
import type { Frame, Size } from '../foundation/frame.js';
import { framesPerSecond, type FrameRate } from '../foundation/frame-rate.js';
import { framesAtLevels } from '../foundation/levels.js';
import { numberOf } from '../foundation/number-of.js';
import { atSize } from '../model/at-size.js';
import type { Model } from '../model/checkpoint.js';
import { frameBytes } from '../model/examples.js';
import { toTensors } from '../model/weights.js';
import type { FutureDrawing } from '../model/future-drawing.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import { futureSettings } from '../sampling/future-settings.js';
import {
  isFixed,
  listClips,
  openClip,
  probeClip,
  sizeFor,
  type ClipReader,
  type ClipSource,
  type LosslessCodec,
} from '../video/index.js';
import { Adapting } from './adapt.js';
import { parseOptions } from './check-options.js';
import { rateToRead, rateWarning } from './clip-rate.js';
import { framing } from './clip-size.js';
import { drawingBatch, expectAdaptingMemory, expectDrawingMemory, scoringBatch } from './expect-memory.js';
import { noUsableClip, reasonToGoOn, TOO_SHORT, type LeftOutClip } from './left-out-clips.js';
import { expectVideoModel } from './expect-video-model.js';
import type { OptionsOf, Parsed } from './options/fields.js';
import { scoreClipsFields, type ScoringProgress } from './options/score-clips.js';
import { scoreCodecs } from './score-codecs.js';
import { summariseClips, type ClipsSummary, type ScoredClip } from './summarise-clips.js';

export type ScoreClipsOptions = OptionsOf<typeof scoreClipsFields>;

export interface VideoScore extends ClipsSummary {
  /** Whether clips were learned from as they went. */
  adapted: boolean;
  /** Futures drawn at each start. */
  samples: number;
  /** How they were drawn. */
  settings: FutureDrawing;
  /** Clips that could not be read or are too short. */
  leftOut: LeftOutClip[];
  /** How many clips were not reached since the work was interrupted. */
  notReached: number;
}

/**
 * Scores clips one step ahead, and predicts frames from several places of each (see `scoreFrames`, `scoreForecasts`). A
 * clip that cannot be read is left out, with a warning.
 *
 * @throws PxvError `USAGE` where an option is unknown or out of its range; `INPUT` where the only clip cannot be read, or none is left; the signal's reason
 * where it is aborted before a clip is finished, and else what is finished is returned
 */
export async function scoreClips(
  model: Model,
  paths: readonly string[],
  asked: ScoreClipsOptions = {},
): Promise<VideoScore> {
  const options = parseOptions('score clips', scoreClipsFields, asked);
  expectVideoModel(model, 'score clips');
  const sources = await listClips(paths);
  let latest: Pick<ScoringProgress, 'what' | 'frames'> = { what: 'score', frames: 0 };
  const tell = (name: string, done: number, now = latest) => {
    latest = now;
    options.onProgress?.({ name, done, clips: sources.length, ...now });
  };
  const scorer = new ClipScorer(model, options);
  const clips: ScoredClip[] = [];
  const leftOut: LeftOutClip[] = [];
  const leaveOut = ({ name, named }: ClipSource, reason: string) => {
    leftOut.push({ name, named, reason });
    options.onWarning?.(`${name}: left out: ${reason}`);
  };
  try {
    await scorer.expectMemory(sources);
    for (const [index, source] of sources.entries()) {
      try {
        const scored = await scorer.score(source, (what, frames) => tell(source.name, index, { what, frames }));
        if (scored === null) leaveOut(source, TOO_SHORT);
        else clips.push(scored);
      } catch (error) {
        if (options.signal?.aborted && clips.length > 0) break;
        if (source.named && sources.length === 1) throw error;
        leaveOut(source, reasonToGoOn(error));
      }
      tell(source.name, index + 1);
    }
  } finally {
    scorer.dispose();
  }
  if (clips.length === 0) throw noUsableClip('score clips', paths);
  const notReached = sources.length - clips.length - leftOut.length;
  const { adapt: adapted = false, samples } = options;
  return { adapted, samples, settings: scorer.settings, ...summariseClips(model, clips), leftOut, notReached };
}

/** A model at the size of a clip, ready to score and to draw. */
interface SizedScorer {
  model: Model;
  weights: tf.Tensor[];
  sampler: FrameSampler;
  /** Frames scored together. */
  batch: number;
  /** Futures drawn side by side. */
  futures: number;
}

/** Scores one clip after another. */
class ClipScorer {
  readonly settings: FutureDrawing;
  /** For the size of the clip before. */
  private sized: SizedScorer | null = null;
  /** Codecs whose failure was told. */
  private readonly failed = new Set<LosslessCodec>();
  private readonly frameRate: FrameRate | undefined;
  private readonly adapting: Adapting;

  constructor(
    private readonly trained: Model,
    private readonly options: Parsed<typeof scoreClipsFields>,
  ) {
    this.settings = futureSettings(trained, options.settings);
    this.frameRate = rateToRead(trained, options.frameRate, 'score clips');
    this.adapting = new Adapting(options.adapt);
  }

  dispose(): void {
    if (this.sized === null) return;
    tf.dispose(this.sized.weights);
    this.sized.sampler.dispose();
    this.sized = null;
  }

  /**
   * Looks, before any of them is scored, whether there is memory for every clip that can be read.
   *
   * @throws PxvError `RESOURCES` where there is not
   */
  async expectMemory(sources: readonly ClipSource[]): Promise<void> {
    const { size } = this.framing;
    if (isFixed(size)) return void this.batchesOf(atSize(this.trained, size));
    for (const { path } of sources) {
      const facts = await probeClip(path, this.options.signal).catch(() => null);
      if (facts !== null) this.batchesOf(atSize(this.trained, sizeFor(size, facts.sourceSize)));
    }
  }

  /** Null for a clip of one frame. */
  async score(
    source: ClipSource,
    tell: (what: ScoringProgress['what'], frames: number) => void,
  ): Promise<ScoredClip | null> {
    const { onWarning, codecs } = this.options;
    const { name } = source;

    const reader = await this.open(source);
    const otherRate = reader.hasRate ? rateWarning(this.trained, reader.frameRate) : null;
    if (otherRate !== null) onWarning?.(`${name}: ${otherRate}`);
    const sized = this.at(reader.size);
    const score = await this.bits(sized, reader, (frames) => tell('score', frames));
    // The last frames of a clip are fewer than a batch, and each number of them has arrays of its own lengths.
    freeIdleMemory();
    if (reader.warning !== null) onWarning?.(`${name}: ${reader.warning}`);
    if (score === null) return null;
    const forecasts = await this.forecasts(source, sized, score.frames, tell);
    freeIdleMemory();
    return {
      name,
      ...reader.size,
      ...score,
      frameRate: framesPerSecond(reader.frameRate),
      forecasts,
      codecs: codecs ? await this.codecs(source, score.dimensions, (frames) => tell('compress', frames)) : null,
    };
  }

  /** Null for a clip of one frame. */
  private async bits(
    { model: { chain }, weights, batch }: SizedScorer,
    reader: ClipReader,
    onFrame: (frames: number) => void,
  ): Promise<ClipScore | null> {
    const { signal } = this.options;
    return this.adapting.withWeights(chain, weights, (scoring) => {
      const scored = scoreFrames(chain, scoring, this.framesOf(reader), { batch, signal });
      return summariseFrames(chain.exampleShape.levels, scored, onFrame);
    });
  }

  private get framing() {
    return framing(this.options, this.trained.chain.exampleShape.size);
  }

  private open(source: ClipSource) {
    const { signal } = this.options;
    const { channels } = this.trained.chain.exampleShape;
    const reading = { ...this.framing, channels, frameRate: this.frameRate };
    return openClip(source.path, { ...reading, ...(signal && { signal }) });
  }

  /** As the model sees them, so that what it predicts, the truth, baselines and codecs have the same levels. */
  private framesOf(reader: ClipReader): AsyncIterable<Frame> {
    return framesAtLevels(reader.frames(), this.trained.chain.exampleShape.levels);
  }

  private at({ width, height }: Size): SizedScorer {
    const { size } = this.sized?.model.chain.exampleShape ?? {};
    if (this.sized !== null && size?.width === width && size.height === height) return this.sized;
    this.dispose();
    const model = atSize(this.trained, { width, height });
    const batches = this.batchesOf(model);
    const weights = toTensors(model.weights, model.chain.parameters);
    return (this.sized = { model, weights, sampler: new FrameSampler(model), ...batches });
  }

  /** @throws PxvError `RESOURCES` where there is not memory for one frame, or for the futures that are asked for */
  private batchesOf(model: Model): Pick<SizedScorer, 'batch' | 'futures'> {
    const batch = scoringBatch(model, SCORING_BATCH, true);
    const { adapt, horizon, starts, samples } = this.options;
    if (adapt) expectAdaptingMemory(model);
    if (horizon === 0) return { batch, futures: 0 };
    const { keptFrames } = this.adapting;
    const heldBytes = (count: number, frame: number) => starts * (count * horizon + keptFrames) * frame;
    expectDrawingMemory(model, {
      operation: 'score',
      together: () => 1,
      samples,
      option: '--samples',
      atAnySize: true,
      heldBytes,
    });
    const frame = frameBytes(model.chain.exampleShape);
    return { batch, futures: drawingBatch(model, FUTURES_TOGETHER, heldBytes(samples, frame)) };
  }

  private async forecasts(
    source: ClipSource,
    { model, sampler, futures }: SizedScorer,
    frames: number,
    tell: (what: ScoringProgress['what'], frames: number) => void,
  ): Promise<ClipForecasts | null> {
    const { exampleShape } = model.chain;
    const { horizon, starts: count, samples, seed, signal, onWarning } = this.options;
    const { temperature } = this.settings;
    if (horizon === 0) return null;
    const firsts = spreadStarts(frames, exampleShape.context, horizon, count);
    if (firsts.length === 0) {
      const needed = `${numberOf(exampleShape.context, 'frame')} before and ${horizon} after`;
      onWarning?.(`${source.name}: nothing is predicted: no place has ${needed}; ask for a smaller --horizon`);
      return null;
    }
    const clip = this.framesOf(await this.open(source));
    const starts = await readStarts(clip, firsts, exampleShape, horizon, this.adapting.keptFrames);
    const corrections = await this.adapting.corrections(
      sampler,
      starts.map(({ past }) => past),
      { together: futures, onProgress: (places) => tell('hindcast', places), signal },
    );
    return scoreForecasts(sampler, model, starts, {
      ...{ corrections, seed, settings: { temperature }, signal, horizon, samples, together: futures },
      onProgress: (drawn) => tell('predict', drawn),
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
      async () => counted(this.framesOf(await this.open(source))),
      dimensions,
      (codec, failure) => {
        if (!this.failed.has(codec)) onWarning?.(`${source.name}: no figure of ${codec}: ${failure}`);
        this.failed.add(codec);
      },
      signal,
    );
  }
}
