import type { Tensor } from '@tensorflow/tfjs-core';
import { freeIdleMemory } from '../../backend/native-backend.js';
import { rateWarning } from '../clip-rate.js';
import { openClipForModel, readingOptions } from '../open-clip-for-model.js';
import { ClipAdaptation } from '../../evaluation/clip-adaptation.js';
import { measureErrors, measureForecasts, type ClipForecasts } from '../../evaluation/forecast-errors.js';
import { readStarts, spaceStarts, type ForecastStart } from '../../evaluation/forecast-starts.js';
import { toGrey, type ForecastInput } from '../../evaluation/forecasts.js';
import { scoreFrames, summariseFrames } from '../../evaluation/frame-likelihoods.js';
import { predictFromStarts, SAMPLES_PER_BATCH } from '../../evaluation/predict-from-starts.js';
import { SCORING_BATCH, sumNats } from '../../evaluation/scoring.js';
import type { Size } from '../../foundation/frame.js';
import { framesPerSecond } from '../../foundation/frame-rate.js';
import { frameBytes } from '../../foundation/levels.js';
import { pluralize } from '../../foundation/pluralize.js';
import { tf } from '../../foundation/tfjs.js';
import {
  assertDrawingMemory,
  assertDynamicEvaluationMemory,
  fitDrawingBatch,
  fitScoringBatch,
} from '../../memory/memory-limits.js';
import { getHead } from '../../model/heads/index.js';
import { toTensors, type Model } from '../../model/model.js';
import { resizeModel } from '../../model/resize-model.js';
import { samplingSettings, type SamplingSettings } from '../../model/sampling-settings.js';
import type { ParsedOptions } from '../../foundation/option-fields.js';
import { FrameSampler } from '../../sampling/frame-sampler.js';
import {
  isFixedSize,
  losslessCodecs,
  measureLosslessSize,
  openClip,
  probeClip,
  resolveSize,
  type ClipReader,
  type ClipSource,
  type LosslessCodec,
  type TargetSize,
} from '../../video/index.js';
import type { scoreClipsFields, ScoringProgress } from './options.js';
import { assertSize, findWindows, type ResolvedProtocol } from './protocols/resolve-protocol.js';
import type { CodecScore, ScoredClip } from './score-results.js';
import type { MeasuredClip } from './summarise-scores.js';

/** Callback for the kind of work on a clip, and the number of frames finished. */
export type Tell = (what: ScoringProgress['what'], frames: number) => void;

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

/** Options for `ClipScorer`. */
type ScorerOptions = ParsedOptions<typeof scoreClipsFields> & { samples: number; size: TargetSize };

/** Scores clips one after another, each at its size: their likelihoods and forecasts, or forecasts by a protocol. */
export class ClipScorer {
  readonly settings: SamplingSettings;
  /** Scorer for the size of the previous clip; null before the first clip. */
  private sized: SizedScorer | null = null;
  /** Codecs whose failure was reported. */
  private readonly failed = new Set<LosslessCodec>();
  private readonly adapting: ClipAdaptation;

  /** @param operation name of the task in errors */
  constructor(
    private readonly operation: string,
    private readonly trained: Model,
    private readonly options: ScorerOptions,
    private readonly protocol: ResolvedProtocol | null = null,
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
    const { size, signal } = this.options;
    if (isFixedSize(size)) return void this.batchesOf(resizeModel(this.trained, size));
    for (const { path } of sources) {
      const facts = await probeClip(path, signal).catch(() => null);
      if (facts !== null) this.batchesOf(resizeModel(this.trained, resolveSize(size, facts.sourceSize)));
    }
  }

  /** Scores one clip, and forecasts in it. Returns null for a clip of one frame. */
  async score({ name, path }: ClipSource, tell: Tell): Promise<ScoredClip | null> {
    const { codecs, signal } = this.options;
    const warn = this.warnOf(name);
    const clip = await openClipForModel(this.trained, path, this.operation, this.options);
    warn(rateWarning(this.trained, clip));
    const sized = this.at(clip.size);
    const { chain } = sized.model;
    const score = await this.adapting.withWeights(chain, sized.weights, (weights) => {
      const scored = scoreFrames(chain, weights, clip.frames(), { batch: sized.batch, signal });
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
      codecs: codecs ? await this.codecs(clip, score.dimensions, tell, warn) : null,
    };
  }

  /**
   * Measures the forecasts of each window of a clip by a protocol.
   * @throws PxvError `INPUT` if the clip does not fit the protocol
   */
  async measure(protocol: ResolvedProtocol, { name, path }: ClipSource, tell: Tell): Promise<MeasuredClip> {
    const warn = this.warnOf(name);
    // The true frames keep all levels, whatever the model's.
    const clip = await openClip(path, { ...readingOptions(this.trained, this.operation, this.options), levels: 256 });
    assertSize(protocol, clip);
    warn(rateWarning(this.trained, clip));
    const firsts = await findWindows(protocol, clip, this.options.starts);
    const sized = this.at(clip.size);
    const { starts, predicted } = await this.predict(sized, clip, firsts, tell, protocol.context);
    warn(clip.warning);
    const nats = protocol.crossEntropies === undefined ? null : await this.crossEntropy(sized, starts);
    freeIdleMemory();
    const { channels, metrics } = protocol;
    const windows = predicted.map((at) => measureForecasts(channels === 1 ? toGrey(at) : at, metrics));
    return { name, starts: firsts, windows, nats };
  }

  private warnOf(name: string) {
    return (text: string | null) => text !== null && this.options.onWarning?.(`${name}: ${text}`);
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
    const { adapt, horizon, samples, starts } = this.options;
    const batch = this.protocol === null ? fitScoringBatch(model, SCORING_BATCH, true) : SCORING_BATCH;
    if (adapt) assertDynamicEvaluationMemory(model);
    if (horizon === 0) return { batch, futures: 0 };
    const { keptFrames } = this.adapting;
    const heldBytes = (count: number, frame: number) => starts * (count * horizon + keptFrames) * frame;
    const atAnySize = (this.protocol?.name ?? null) === null;
    const drawing = { operation: 'score', batchOf: () => 1, samples, option: '--samples', heldBytes, atAnySize };
    assertDrawingMemory(model, drawing);
    const held = heldBytes(samples, frameBytes(model.chain.exampleShape));
    return { batch, futures: fitDrawingBatch(model, SAMPLES_PER_BATCH, held) };
  }

  /** Returns the errors of forecasts in a clip; null, with a warning, if the clip has no place for them. */
  private async forecasts(
    sized: SizedScorer,
    clip: ClipReader,
    frames: number,
    tell: Tell,
    warn: (text: string) => void,
  ): Promise<ClipForecasts | null> {
    const { context } = sized.model.chain.exampleShape;
    const { horizon, starts: count } = this.options;
    if (horizon === 0) return null;
    const firsts = spaceStarts(frames, context, horizon, count);
    if (firsts.length === 0) {
      const needed = `${pluralize(context, 'frame')} before and ${horizon} after`;
      warn(`nothing is predicted: no place has ${needed}; ask for a smaller --horizon`);
      return null;
    }
    const { predicted } = await this.predict(sized, clip, firsts, tell);
    return { starts: firsts, ...measureErrors(predicted) };
  }

  /**
   * Predicts frames of a clip from several starts.
   * @param firsts index of the first predicted frame of each start
   * @param given maximum number of known frames before each start; default: all
   */
  private async predict(
    { model, sampler, futures }: SizedScorer,
    clip: ClipReader,
    firsts: readonly number[],
    tell: Tell,
    given?: number,
  ): Promise<{ starts: ForecastStart[]; predicted: ForecastInput[] }> {
    const { exampleShape } = model.chain;
    const { horizon, signal } = this.options;
    const starts = await readStarts(clip.frames(), firsts, exampleShape, horizon, this.adapting.keptFrames, given);
    const histories = starts.map(({ history }) => history);
    const hindcasts = { batchSize: futures, onProgress: (places: number) => tell('hindcast', places), signal };
    const corrections = await this.adapting.corrections(sampler, histories, hindcasts);
    const predicted = await predictFromStarts(sampler, model, starts, {
      ...this.options,
      corrections,
      settings: { temperature: this.settings.temperature },
      batchSize: futures,
      onProgress: (drawn) => tell('predict', drawn),
    });
    return { starts, predicted };
  }

  /** Returns the cross-entropy of each window by frame, in nats; null if the model has a likelihood of levels. */
  private async crossEntropy({ model, weights }: SizedScorer, starts: readonly ForecastStart[]) {
    if (model.description.scales.some(({ head }) => getHead(head).isLikelihood)) return null;
    const { signal } = this.options;
    const windows: number[][] = [];
    for (const start of starts) {
      const frames: number[] = [];
      for await (const { nats } of scoreFrames(model.chain, weights, start.truth, { start, signal }))
        frames.push(sumNats(nats));
      windows.push(frames);
    }
    return windows;
  }

  /** Compresses the frames with every lossless codec. @param dimensions sub-pixels of all frames but the first */
  private async codecs(
    { frames }: ClipReader,
    dimensions: number,
    tell: Tell,
    warn: (text: string) => void,
  ): Promise<CodecScore> {
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
