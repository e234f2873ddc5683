import type { Size } from '../../foundation/frame.js';
import type { FrameRate } from '../../foundation/frame-rate.js';
import { frameBytes } from '../../foundation/levels.js';
import { resizeModel } from '../../model/resize-model.js';
import { assertVideoModel, type Model } from '../../model/model.js';
import { samplingSettings, type SamplingSettings } from '../../model/sampling-settings.js';
import { assertExpectedFrame } from '../../sampling/frame-sampler.js';
import { assertCorrectable } from '../../sampling/hindcasts.js';
import {
  checkOutput,
  listInputFiles,
  outputExists,
  legibleScale,
  outputKind,
  writePanels,
  type ClipReader,
  type WrittenClip,
} from '../../video/index.js';
import { openClipForModel, keepAspectRatio, sizeWarning } from '../open-clip-for-model.js';
import { playingWarning, rateWarning } from '../clip-rate.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../../foundation/option-fields.js';
import { resolveFrameRange } from './frame-range.js';
import { predictClipFields } from './options.js';
import { Prediction, type PredictionOptions } from './prediction.js';
import { assertPredictionMemory } from './prediction-memory.js';

/** Options for `predictClip`: prediction, sampling and output. @interface */
export type PredictClipOptions = OptionsOf<typeof predictClipFields>;

/** Result of `predictClip`. */
export interface PredictedClip extends WrittenClip {
  /** Number of frames of the clip before the first predicted frame. */
  known: number;
  /** Number of predicted frames written; fewer than requested if the prediction was interrupted. */
  predicted: number;
  /** Size of each predicted frame. */
  size: Size;
  /** Frame rate at which the clip was read. */
  frameRate: FrameRate;
  /** Sampling settings; null if nothing was drawn. */
  settings: SamplingSettings | null;
  /**
   * Mean -log2 P of the drawn sub-pixels in bits/dim, under the model at temperature 1 and given the history (see
   * `SamplingSettings.carry`). Null if nothing was drawn.
   */
  bitsPerDim: number | null;
  /** True if `bitsPerDim` is exact; false if it is an upper bound (see `Chain.exact`). */
  exact: boolean;
}

/**
 * Predicts frames of a clip, and writes them after the clip's known frames, as panels side by side (see
 * `writePanels`). Each sample, or the best guess, has a panel. If `from` or `holdOut` is given, a panel of the true
 * frames comes first. With `keepFinished`, an abort leaves an output that ends with the last finished frame, unless
 * `out` would replace an output.
 * @throws PxvError `USAGE` if an option is unknown or out of range, or the model is an image model; `INPUT` if the clip
 *   cannot be read, or no frame is known before the first predicted one; `OUTPUT` if the output cannot be written;
 *   `DEPENDENCY` if FFmpeg is needed and missing; `RESOURCES` if memory is short; `CHECKPOINT` if probabilities are not
 *   finite; the signal's reason if aborted. Nothing of the output is left then, and an existing output stays
 * @example
 * ```js
 * import { chooseBackend, loadModel, predictClip } from 'pxv';
 *
 * await chooseBackend();
 * const { predicted } = await predictClip(loadModel('video-64'), 'examples/asl_yes.mkv', {
 *   out: 'futures.gif',
 *   horizon: 2,
 *   samples: 2,
 * });
 * console.log(predicted); // 2
 * ```
 */
export async function predictClip(model: Model, path: string, options: PredictClipOptions): Promise<PredictedClip> {
  const parsed = parseOptions('predict', predictClipFields, options);
  const settings = resolveSampling(model, parsed);
  const { out, overwrite = false } = parsed;
  const inputs = await listInputFiles(path);
  await checkOutput(out, { overwrite, inputs });
  return writePrediction(model, path, inputs, { ...parsed, settings });
}

/** Options that say what to draw. */
type RequestedSampling = 'forecast' | 'adapt' | 'settings';

/**
 * Returns the sampling settings of a prediction.
 * @throws PxvError `USAGE` if the model cannot make the requested kind of prediction, or the temperature is out of
 *   range
 */
export function resolveSampling(
  model: Model,
  { forecast, adapt, settings: requested }: Pick<ParsedOptions<typeof predictClipFields>, RequestedSampling>,
): SamplingSettings {
  assertVideoModel(model, 'predict');
  const settings = samplingSettings(model, requested);
  const isGuess = forecast === 'best-guess';
  if (adapt) assertCorrectable(model, isGuess ? null : settings);
  if (isGuess) assertExpectedFrame(model);
  return settings;
}

/**
 * Predicts frames of a clip and writes them, as `predictClip` does, to an output that has been checked.
 * @param inputs files that reading the clip touches; the output is checked against them again before it is replaced
 * @throws PxvError as `predictClip`
 */
export async function writePrediction(
  trained: Model,
  path: string,
  inputs: readonly string[],
  options: PredictionOptions,
): Promise<PredictedClip> {
  const { out, overwrite = false, plain = false, settings, slow, signal, onPredicted, onWarning } = options;
  const kind = outputKind(out)!;
  /** True if an abort keeps the finished frames: `out` then replaces nothing. */
  const keepsFinished = options.keepFinished === true && !(await outputExists(out));
  const clip = await openForPrediction(trained, path, options);
  const { size, frameRate } = clip;
  const model = resizeModel(trained, size);
  const range = resolveFrameRange(options, clip, kind);
  const { scale = legibleScale(kind, size, plain) } = options;
  assertPredictionMemory(model, range, { ...options, kind, plain, scale });
  const playing = { ...frameRate, denominator: slow * frameRate.denominator };
  const warnings = [sizeWarning(trained, size), rateWarning(model, clip), playingWarning(kind, playing)];
  for (const warning of warnings) if (warning !== null) onWarning?.(warning);

  const writing = { frameRate: playing, scale, plain, confirm: () => checkOutput(out, { overwrite, inputs }) };
  const hooks = keepsFinished ? { onPredicted } : { onPredicted: undefined };
  const prediction = new Prediction(model, clip, range, { ...options, ...hooks });
  try {
    const steps = prediction.steps();
    const written = await writePanels(out, steps, { ...writing, signal }).catch(async (error: unknown) => {
      if (!signal?.aborted || prediction.finished.length === 0 || !keepsFinished) throw error;
      // The abort also ended the encoder: a new encoder writes the finished frames.
      const again = await openForPrediction(trained, path, { ...options, signal: undefined });
      return writePanels(out, prediction.replay(again), writing);
    });
    const { known, nats, finished } = prediction;
    const predicted = finished.length;
    const dimensions = options.samples * predicted * frameBytes(model.chain.exampleShape);
    const isDrawn = options.forecast !== 'best-guess';
    const drawn = { settings: isDrawn ? settings : null, bitsPerDim: isDrawn ? nats / Math.LN2 / dimensions : null };
    return { ...written, known, predicted, size, frameRate, ...drawn, exact: model.chain.exact };
  } finally {
    prediction.dispose();
  }
}

function openForPrediction(model: Model, path: string, options: PredictionOptions): Promise<ClipReader> {
  return openClipForModel(model, path, 'predict', { ...options, ...keepAspectRatio(model, options) });
}
