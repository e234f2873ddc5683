import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { freeIdleMemory } from '../backend/native-backend.js';
import { scoreContinuation } from '../evaluation/continuation-score.js';
import { predictFromStarts } from '../evaluation/forecast-score.js';
import { readStarts, spaceStarts, type ForecastStart } from '../evaluation/forecast-starts.js';
import type { ForecastInput } from '../evaluation/forecasts.js';
import { measureForecasts } from '../evaluation/metric-score.js';
import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { forEachClip, type SkippedClip } from '../clips/for-each-clip.js';
import { rateToRead, rateWarning } from '../clips/clip-rate.js';
import { getHead } from '../model/heads/index.js';
import { assertVideoModel, headWithoutLikelihood, toTensors, type Model } from '../model/model.js';
import { resizeModel } from '../model/resize-model.js';
import { samplingSettings, type SamplingSettings } from '../model/sampling-settings.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../options/fields.js';
import { FrameSampler } from '../sampling/frame-sampler.js';
import { openClip, type ClipReader, type ClipSource } from '../video/index.js';
import { fitForecastBatch } from './forecast-memory.js';
import { scoreProtocolFields, type ScoringProgress } from './options.js';
import { findProtocolClips, resolveProtocol, type ResolvedProtocol } from './protocols/resolve-protocol.js';
import { formatProtocolCsv, openScoresFile } from './score-csv.js';
import { spaceIndices } from './space-indices.js';
import { summariseProtocol, type MeasuredClip, type ProtocolSummary } from './summarise-protocol.js';

/** Options for `scoreProtocol`. @interface */
export type ScoreProtocolOptions = OptionsOf<typeof scoreProtocolFields>;

/** Result of `scoreProtocol`. */
export interface ProtocolScore extends ProtocolSummary {
  /** Number of samples drawn at each start. */
  samples: number;
  /** Number of clips of the split that were found; fewer are scored with `limit`. */
  clipsInSplit: number;
  /** Sampling settings of the samples. */
  settings: SamplingSettings;
  /** Clips that were skipped since they could not be read, are too short or have another size. */
  skipped: SkippedClip[];
  /** Number of clips not processed because the signal was aborted. */
  unprocessed: number;
}

const operation = 'score a protocol';
const unusable = errorFactory('INPUT', operation);

/**
 * Scores the forecasts of a model on clips by a published protocol, or by one of one's own: the given frames, the
 * predicted ones and the metrics are the protocol's. A clip that does not fit the protocol is skipped with a warning.
 * With `keepFinished`, an abort returns the finished clips, if there are any.
 * @throws PxvError `USAGE` if an option is unknown or out of range, `csv` is a clip, or the model does not fit the
 *   protocol; `OUTPUT` if `csv` cannot be written, or exists and `overwrite` is false; `INPUT` if no clip belongs to
 *   the protocol's split, the only clip does not fit, or no clip is left; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, loadModel, scoreProtocol } from 'pxv';
 *
 * await chooseBackend();
 * const protocol = { context: 4, horizon: 2 };
 * const model = loadModel('video-64');
 * const { kinds } = await scoreProtocol(model, ['examples/asl_yes.mkv'], { protocol, samples: 2 });
 * console.log(kinds['best-guess']?.psnr?.mean);
 * ```
 */
export async function scoreProtocol(
  model: Model,
  paths: readonly string[],
  asked: ScoreProtocolOptions,
): Promise<ProtocolScore> {
  const parsed = parseOptions(operation, scoreProtocolFields, asked);
  assertVideoModel(model, operation);
  const options = { ...parsed, samples: samplesToDraw(model, parsed) };
  const protocol = resolveProtocol(model, options.protocol, options.size);
  const settings = samplingSettings(model, options.settings);
  const found = await findProtocolClips(protocol, paths);
  const chosen = spaceIndices(found.length, Math.min(options.limit ?? found.length, found.length));
  const sources = Array.from(chosen, (index) => found[index]);
  const writeScores = await openScoresFile(options, sources);
  const scorer = new ProtocolScorer(resizeModel(model, protocol.size), protocol, settings, options);
  try {
    let now: Pick<ScoringProgress, 'what' | 'frames'> = { what: 'predict', frames: 0 };
    const tell = (name: string, done: number, frames = now.frames) => {
      now = { what: 'predict', frames };
      options.onProgress?.({ name, done, clips: sources.length, ...now });
    };
    const measure = (source: ClipSource, index: number) =>
      scorer.measure(source, (frames) => tell(source.name, index, frames));
    const hooks = { onWarning: options.onWarning, onNext: tell };
    const { clips, ...others } = await forEachClip(sources, measure, hooks, options, options.processGroup);
    if (clips.length === 0) {
      const [first] = others.skipped;
      const received = `none of ${sources.length}; ${first.name}: ${first.reason}`;
      throw unusable(paths.join(', '), 'at least one clip that fits the protocol', received, 'give other clips');
    }
    const summary = summariseProtocol(protocol, clips, model.chain.exampleShape.context);
    const isToWrite = options.processGroup?.isMainProcess ?? true;
    if (isToWrite) await writeScores?.(formatProtocolCsv(summary.clips));
    return { samples: options.samples, clipsInSplit: found.length, settings, ...summary, ...others };
  } finally {
    scorer.dispose();
  }
}

/** Returns the number of samples to draw: one if all would be the same. Calls `onWarning` if fewer than asked for. */
function samplesToDraw(model: Model, { samples, onWarning }: ParsedOptions<typeof scoreProtocolFields>): number {
  const head = headWithoutLikelihood(model.description);
  if (head === undefined || samples === 1) return samples;
  onWarning?.(`the head ${head} draws mean levels: all samples are the same, and one is drawn`);
  return 1;
}

class ProtocolScorer {
  private readonly sampler: FrameSampler;
  /** Batch size of samples to draw. */
  private readonly batchSize: number;
  /** Weights to measure the cross-entropy with; null: it is not measured. */
  private readonly weights: Tensor[] | null;

  constructor(
    private readonly model: Model,
    private readonly protocol: ResolvedProtocol,
    private readonly settings: SamplingSettings,
    private readonly options: ParsedOptions<typeof scoreProtocolFields>,
  ) {
    this.batchSize = fitForecastBatch(model, { ...options, horizon: protocol.horizon }, 0, protocol.name === null);
    this.sampler = new FrameSampler(model);
    const isMeasured =
      protocol.crossEntropies !== undefined &&
      model.description.scales.every(({ head }) => !getHead(head).isLikelihood);
    this.weights = isMeasured ? toTensors(model.weights, model.chain.parameters) : null;
  }

  dispose(): void {
    this.sampler.dispose();
    tf.dispose(this.weights ?? []);
  }

  /** Measures the forecasts of each window of a clip. @throws PxvError `INPUT` if the clip does not fit */
  async measure({ name, path }: ClipSource, onProgress: (frames: number) => void): Promise<MeasuredClip> {
    const { horizon, context } = this.protocol;
    const { samples, seed, signal, onWarning } = this.options;
    const reader = await this.open(path);
    const warn = (text: string | null) => text !== null && onWarning?.(`${name}: ${text}`);
    warn(rateWarning(this.model, reader));
    const firsts = await this.windowsOf(reader);
    const { exampleShape } = this.model.chain;
    const starts = await readStarts(reader.frames(), firsts, exampleShape, horizon, 0, context);
    warn(reader.warning);
    const predicted = await predictFromStarts(this.sampler, this.model, starts, {
      ...{ horizon, samples, seed, signal, onProgress, batchSize: this.batchSize },
      settings: { temperature: this.settings.temperature },
    });
    const nats = await this.crossEntropy(starts);
    freeIdleMemory();
    const { channels, metrics } = this.protocol;
    const windows = predicted.map((at) => measureForecasts(channels === 1 ? inGrey(at) : at, metrics));
    return { name, starts: firsts, windows, nats };
  }

  /** Returns the cross-entropy of each window by frame, in nats; null if it is not measured. */
  private async crossEntropy(starts: readonly ForecastStart[]): Promise<number[][] | null> {
    const { weights, options, model } = this;
    if (weights === null) return null;
    const nats: number[][] = [];
    for (const { history, truth } of starts)
      nats.push(await scoreContinuation(model.chain, weights, history, truth, { signal: options.signal }));
    return nats;
  }

  private async open(path: string): Promise<ClipReader> {
    const { name, size } = this.protocol;
    const { fit = 'crop', frameRate, signal } = this.options;
    const { channels } = this.model.chain.exampleShape;
    const rate = rateToRead(this.model, frameRate, operation);
    const reader = await openClip(path, { size, channels, fit, frameRate: rate, ...(signal && { signal }) });
    const { width, height } = reader.sourceSize;
    if (name === null || (width === size.width && height === size.height)) return reader;
    const expected = `frames of ${size.width}x${size.height} for ${name}`;
    throw unusable(path, expected, `${width}x${height}`, 'convert the data to this size, as its authors do');
  }

  /** Returns the index of the first predicted frame of each window. */
  private async windowsOf(reader: ClipReader): Promise<number[]> {
    const { context, horizon, from } = this.protocol;
    const first = from ?? context;
    const count = await countFrames(reader, from === null ? Infinity : first + horizon);
    if (count >= first + horizon)
      return from === null ? spaceStarts(count, context, horizon, this.options.starts) : [from];
    const expected = `at least ${pluralize(first + horizon, 'frame')}, ${first} before the first predicted one`;
    throw unusable(reader.path, expected, `${count}`, 'give a longer clip, or another protocol');
  }
}

/** Returns the number of frames of a clip, at most `max`. */
async function countFrames(reader: ClipReader, max: number): Promise<number> {
  const frames = reader.frames();
  let count = 0;
  while (count < max && !(await frames.next()).done) count++;
  await frames.return();
  return count;
}

/** Returns all frames in grey: the mean of the channels of each pixel, rounded to bytes. */
function inGrey({ known, truth, drawn, guess }: ForecastInput): ForecastInput {
  const grey = (frames: readonly Frame[]) => frames.map(toGrey);
  return { known: grey(known), truth: grey(truth), drawn: drawn.map(grey), guess: guess && grey(guess) };
}

function toGrey(frame: Frame): Frame {
  const { channels, data, width, height } = frame;
  if (channels === 1) return frame;
  const mean = (pixel: number) => (data[3 * pixel] + data[3 * pixel + 1] + data[3 * pixel + 2]) / 3;
  const levels = Uint8Array.from({ length: width * height }, (_, at) => Math.round(mean(at)));
  return { width, height, channels: 1, data: levels };
}
