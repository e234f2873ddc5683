import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../foundation/tfjs.js';
import { freeIdleMemory } from '../backend/native-backend.js';
import { scoreFrames, summariseFrames } from '../evaluation/clip-score.js';
import { scoreForecasts, type ClipForecasts } from '../evaluation/forecast-score.js';
import { SCORING_BATCH } from '../evaluation/scoring.js';
import { readStarts, spaceStarts } from '../evaluation/forecast-starts.js';
import type { Size } from '../foundation/frame.js';
import { framesPerSecond } from '../foundation/frame-rate.js';
import { pluralize } from '../foundation/pluralize.js';
import { resizeModel } from '../model/resize-model.js';
import { assertVideoModel, crossEntropyWarning, toTensors, type Model } from '../model/model.js';
import { samplingSettings, type SamplingSettings } from '../model/sampling-settings.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import {
  isFixedSize,
  listClips,
  losslessCodecs,
  measureLosslessSize,
  probeClip,
  resolveSize,
  type ClipReader,
  type ClipSource,
  type LosslessCodec,
  type TargetSize,
} from '../video/index.js';
import { ClipAdaptation } from '../evaluation/clip-adaptation.js';
import { openClipForModel } from '../clips/open-clip-for-model.js';
import { rateWarning } from '../clips/clip-rate.js';
import { assertDynamicEvaluationMemory, fitScoringBatch } from '../memory/memory-limits.js';
import { forEachClip, noUsableClipError, type SkippedClip } from '../clips/for-each-clip.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../options/fields.js';
import { fitForecastBatch } from './forecast-memory.js';
import { scoreClipsFields, type ScoringProgress } from './options.js';
import { formatScoresCsv, openScoresFile } from './score-csv.js';
import { summariseClips, type ClipsSummary, type CodecScore, type ScoredClip } from './summarise-clips.js';

/** Default number of samples at each start. */
const DEFAULT_SAMPLES = 4;

/** Options for `scoreClips`: scoring, forecasts and clips. @interface */
export type ScoreClipsOptions = OptionsOf<typeof scoreClipsFields>;

/** Result of `scoreClips`, over all clips and for each clip. */
export interface VideoScore extends ClipsSummary {
  /** True if weights and forecasts were adapted to each clip (option `adapt`). */
  adapted: boolean;
  /** Number of samples drawn at each start. */
  samples: number;
  /** Sampling settings of the samples. */
  settings: SamplingSettings;
  /** Clips that were skipped since they could not be read or are too short. */
  skipped: SkippedClip[];
  /** Number of clips not processed because the signal was aborted. */
  unprocessed: number;
}

/**
 * Scores the frames of clips one step ahead, and scores forecasts from several starts of each clip (see `scoreFrames`,
 * `scoreForecasts`). A clip that cannot be read is skipped with a warning. With `keepFinished`, an abort
 * returns the finished clips, if there are any.
 * @throws PxvError `USAGE` if an option is unknown or out of range, or `csv` is a clip; `OUTPUT` if `csv` cannot be
 *   written or exists; `INPUT` if the only clip cannot be read or no clip is left; `DEPENDENCY` if FFmpeg is needed and
 *   missing; `RESOURCES` if memory is short; `CHECKPOINT` if probabilities are not finite; the signal's reason if
 *   aborted
 * @example
 * ```js
 * import { chooseBackend, loadModel, scoreClips } from 'pxv';
 *
 * await chooseBackend();
 * const { clips } = await scoreClips(loadModel('video-64'), ['examples/asl_yes.mkv'], { horizon: 0 });
 * for (const { name, bitsPerDim } of clips) console.log(name, bitsPerDim.toFixed(2));
 * ```
 */
export async function scoreClips(
  model: Model,
  paths: readonly string[],
  asked: ScoreClipsOptions = {},
): Promise<VideoScore> {
  const parsed = parseOptions('score clips', scoreClipsFields, asked);
  const options = { ...parsed, samples: parsed.samples ?? DEFAULT_SAMPLES };
  assertVideoModel(model, 'score clips');
  const sources = await listClips(paths);
  const writeScores = await openScoresFile(options, sources);
  let latest: Pick<ScoringProgress, 'what' | 'frames'> = { what: 'score', frames: 0 };
  const tell = (name: string, done: number, now = latest) => {
    latest = now;
    options.onProgress?.({ name, done, clips: sources.length, ...now });
  };
  const { adapt: adapted = false, samples, onWarning, processGroup } = options;
  const warning = crossEntropyWarning(model.description);
  if (warning !== null) onWarning?.(warning);
  const scorer = new ClipScorer(model, options);
  try {
    await scorer.assertMemory(sources);
    const scoreOne = (source: ClipSource, index: number) =>
      scorer.score(source, (what, frames) => tell(source.name, index, { what, frames }));
    const hooks = { onWarning, onNext: tell };
    const { clips, ...others } = await forEachClip(sources, scoreOne, hooks, options, processGroup);
    if (clips.length === 0) throw noUsableClipError('score clips', paths);
    const isToWrite = processGroup?.isMainProcess ?? true;
    if (isToWrite) await writeScores?.(formatScoresCsv(clips));
    return { adapted, samples, settings: scorer.settings, ...summariseClips(model, clips), ...others };
  } finally {
    scorer.dispose();
  }
}

/** Callback for the kind of work on a clip, and the number of frames finished. */
type Tell = (what: ScoringProgress['what'], frames: number) => void;

/** Model at the size of a clip, ready to score and to sample. */
interface SizedScorer {
  model: Model;
  weights: Tensor[];
  sampler: FrameSampler;
  /** Batch size of frames to score. */
  batch: number;
  /** Batch size of samples to draw. */
  futures: number;
}

class ClipScorer {
  readonly settings: SamplingSettings;
  /** Scorer for the size of the previous clip; null before the first clip. */
  private sized: SizedScorer | null = null;
  /** Codecs whose failure was reported. */
  private readonly failed = new Set<LosslessCodec>();
  private readonly adapting: ClipAdaptation;

  constructor(
    private readonly trained: Model,
    private readonly options: ParsedOptions<typeof scoreClipsFields> & { samples: number },
  ) {
    this.settings = samplingSettings(trained, options.settings);
    this.adapting = new ClipAdaptation(options.adapt);
  }

  dispose(): void {
    if (this.sized === null) return;
    tf.dispose(this.sized.weights);
    this.sized.sampler.dispose();
    this.sized = null;
  }

  /**
   * Checks before scoring that memory suffices for every clip that can be read.
   * @throws PxvError `RESOURCES` if memory does not suffice
   */
  async assertMemory(sources: readonly ClipSource[]): Promise<void> {
    const { size } = this;
    if (isFixedSize(size)) return void this.batchesOf(resizeModel(this.trained, size));
    for (const { path } of sources) {
      const facts = await probeClip(path, this.options.signal).catch(() => null);
      if (facts !== null) this.batchesOf(resizeModel(this.trained, resolveSize(size, facts.sourceSize)));
    }
  }

  /** Scores one clip. Returns null for a clip of one frame. */
  async score({ name, path }: ClipSource, tell: Tell): Promise<ScoredClip | null> {
    const warn = (text: string | null) => text !== null && this.options.onWarning?.(`${name}: ${text}`);
    const clip = await openClipForModel(this.trained, path, 'score clips', { ...this.options, size: this.size });
    warn(rateWarning(this.trained, clip));
    const sized = this.at(clip.size);
    const { chain } = sized.model;
    const score = await this.adapting.withWeights(chain, sized.weights, (weights) => {
      const scored = scoreFrames(chain, weights, clip.frames(), { batch: sized.batch, signal: this.options.signal });
      return summariseFrames(chain.exampleShape.levels, scored, (frames) => tell('score', frames));
    });
    // The last batch of a clip is often smaller: its arrays have lengths that other batches do not reuse.
    freeIdleMemory();
    warn(clip.warning);
    if (score === null) return null;
    const forecasts = await this.forecasts(sized, clip, score.frames, tell, warn);
    freeIdleMemory();
    return {
      name,
      ...clip.size,
      ...score,
      frameRate: framesPerSecond(clip.frameRate),
      forecasts,
      codecs: this.options.codecs ? await this.codecs(clip, score.dimensions, tell, warn) : null,
    };
  }

  /** Size at which clips are scored. */
  private get size(): TargetSize {
    return this.options.size ?? this.trained.chain.exampleShape.size;
  }

  private at({ width, height }: Size): SizedScorer {
    const { size } = this.sized?.model.chain.exampleShape ?? {};
    if (this.sized !== null && size?.width === width && size.height === height) return this.sized;
    this.dispose();
    const model = resizeModel(this.trained, { width, height });
    const batches = this.batchesOf(model);
    const weights = toTensors(model.weights, model.chain.parameters);
    return (this.sized = { model, weights, sampler: new FrameSampler(model), ...batches });
  }

  /**
   * Returns the batch sizes that fit in memory.
   * @throws PxvError `RESOURCES` if memory does not suffice for one frame, or for the requested samples
   */
  private batchesOf(model: Model): Pick<SizedScorer, 'batch' | 'futures'> {
    const batch = fitScoringBatch(model, SCORING_BATCH, true);
    if (this.options.adapt) assertDynamicEvaluationMemory(model);
    if (this.options.horizon === 0) return { batch, futures: 0 };
    return { batch, futures: fitForecastBatch(model, this.options, this.adapting.keptFrames, true) };
  }

  private async forecasts(
    { model, sampler, futures }: SizedScorer,
    clip: ClipReader,
    frames: number,
    tell: Tell,
    warn: (text: string) => void,
  ): Promise<ClipForecasts | null> {
    const { exampleShape } = model.chain;
    const { horizon, starts: count, signal } = this.options;
    const { temperature } = this.settings;
    if (horizon === 0) return null;
    const firsts = spaceStarts(frames, exampleShape.context, horizon, count);
    if (firsts.length === 0) {
      const needed = `${pluralize(exampleShape.context, 'frame')} before and ${horizon} after`;
      warn(`nothing is predicted: no place has ${needed}; ask for a smaller --horizon`);
      return null;
    }
    const starts = await readStarts(clip.frames(), firsts, exampleShape, horizon, this.adapting.keptFrames);
    const histories = starts.map(({ history }) => history);
    const hindcasts = { batchSize: futures, onProgress: (places: number) => tell('hindcast', places), signal };
    const corrections = await this.adapting.corrections(sampler, histories, hindcasts);
    return scoreForecasts(sampler, model, starts, {
      ...this.options,
      corrections,
      settings: { temperature },
      batchSize: futures,
      onProgress: (drawn) => tell('predict', drawn),
    });
  }

  /** Compresses the frames with every lossless codec. @param dimensions sub-pixels of all frames but the first */
  private async codecs({ frames }: ClipReader, dimensions: number, tell: Tell, warn: (text: string) => void) {
    let compressed = 0;
    async function* counted() {
      for await (const frame of frames()) {
        tell('compress', ++compressed);
        yield frame;
      }
    }
    const bitsPerDim: Partial<CodecScore['bitsPerDim']> = {};
    for (const codec of losslessCodecs) {
      const { bytes, failure } = await measureLosslessSize(codec, counted(), this.options.signal);
      bitsPerDim[codec] = bytes === null ? null : (8 * bytes) / dimensions;
      if (failure === null || this.failed.has(codec)) continue;
      this.failed.add(codec);
      warn(`no figure of ${codec}: ${failure}`);
    }
    const known = Object.values(bitsPerDim).filter((bits) => bits !== null);
    const best = known.length === 0 ? null : Math.min(...known);
    return { bitsPerDim: bitsPerDim as CodecScore['bitsPerDim'], best };
  }
}
