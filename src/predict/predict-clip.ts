import type { Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { frameBytes } from '../foundation/levels.js';
import { pluralize } from '../foundation/pluralize.js';
import { resizeModel } from '../model/resize-model.js';
import { assertVideoModel, type Model } from '../model/model.js';
import { samplingSettings, type SamplingSettings } from '../model/sampling-settings.js';
import { assertExpectedFrame } from '../sampling/frame-sampler.js';
import { assertCorrectable } from '../sampling/hindcasts.js';
import {
  checkOutput,
  listInputFiles,
  videoFrameSize,
  gifMemory,
  outputExists,
  legibleScale,
  outputKind,
  writePanels,
  type ClipInfo,
  type ClipReader,
  type OutputKind,
  type WrittenClip,
} from '../video/index.js';
import { ClipAdaptation } from '../evaluation/clip-adaptation.js';
import { openClipForModel, keepAspectRatio, sizeWarning } from '../clips/open-clip-for-model.js';
import { playingWarning, rateWarning } from '../clips/clip-rate.js';
import { assertDrawingMemory, assertMemory } from '../memory/memory-limits.js';
import { estimateDrawingMemory } from '../memory/estimate-memory.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../options/fields.js';
import { predictClipFields } from './options.js';
import { shownContextFrames, Prediction, type PredictionOptions } from './prediction.js';

/** Options for `predictClip`: prediction, sampling and output. @interface */
export type PredictClipOptions = OptionsOf<typeof predictClipFields>;

type Asked = ParsedOptions<typeof predictClipFields>;

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
 * Returns the options with `holdOut` resolved: `holdOut` n becomes `from` -n and `horizon` n, which predict the clip's
 * last n frames. Without `holdOut`, changes nothing but a missing `from`, which becomes null.
 */
export function resolveHoldOut<O extends Pick<Asked, 'from' | 'horizon' | 'holdOut'>>(asked: O) {
  const { from = null, holdOut } = asked;
  return holdOut === undefined ? { ...asked, from } : { ...asked, from: -holdOut, horizon: holdOut };
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
export async function predictClip(trained: Model, path: string, asked: PredictClipOptions): Promise<PredictedClip> {
  const parsed = parseOptions('predict', predictClipFields, asked);
  const isArray = outputKind(parsed.out) === 'npy';
  const options = resolveHoldOut({ ...parsed, ...(isArray && { knownFrames: parsed.knownFrames ?? 0 }) });
  const { out, overwrite = false } = options;
  const settings = drawingOf(trained, options);
  const inputs = await listInputFiles(path);
  const confirm = () => checkOutput(out, { overwrite, inputs });
  const kind = await confirm();
  /** True if an abort keeps the finished frames: `out` replaces nothing. */
  const keepsFinished = options.keepFinished === true && !(await outputExists(out));
  const clip = await open(trained, path, options);
  const { size, frameRate } = clip;
  const model = resizeModel(trained, size);
  assertPredictionMemory(model, kind, options, clip);
  const playing = { ...frameRate, denominator: options.slow * frameRate.denominator };
  const warnings = [sizeWarning(trained, size), rateWarning(model, clip), playingWarning(kind, playing)];
  for (const warning of warnings) if (warning !== null) options.onWarning?.(warning);

  const { plain = false, scale = legibleScale(kind, size, plain) } = options;
  const writing = { frameRate: playing, scale, plain, confirm };
  const onPredicted = keepsFinished ? options.onPredicted : undefined;
  const prediction = new Prediction(model, clip, { ...options, settings, onPredicted });
  try {
    const { signal } = options;
    const written = await writePanels(out, prediction.steps(), { ...writing, signal }).catch(async (error: unknown) => {
      if (!signal?.aborted || prediction.finished.length === 0 || !keepsFinished) throw error;
      // The abort also ended the encoder: a new encoder writes the finished frames.
      const again = await open(trained, path, { ...options, signal: undefined });
      return writePanels(out, prediction.replay(again), writing);
    });
    const { known, nats, finished } = prediction;
    const dimensions = options.samples * finished.length * frameBytes(model.chain.exampleShape);
    const isDrawn = options.forecast !== 'best-guess';
    const drawn = { settings: isDrawn ? settings : null, bitsPerDim: isDrawn ? nats / Math.LN2 / dimensions : null };
    return { ...written, known, predicted: finished.length, size, frameRate, ...drawn, exact: model.chain.exact };
  } finally {
    prediction.dispose();
  }
}

/** Returns the sampling settings. @throws PxvError `USAGE` if the model cannot make the requested kind of prediction */
function drawingOf(model: Model, { forecast, adapt, settings: asked }: Asked): SamplingSettings {
  assertVideoModel(model, 'predict');
  const settings = samplingSettings(model, asked);
  const isGuess = forecast === 'best-guess';
  if (adapt) assertCorrectable(model, isGuess ? null : settings);
  if (isGuess) assertExpectedFrame(model);
  return settings;
}

function open(model: Model, path: string, options: Asked): Promise<ClipReader> {
  return openClipForModel(model, path, 'predict', { ...options, ...keepAspectRatio(model, options) });
}

/**
 * Checks that the memory suffices for a prediction. All predicted frames are held in memory. Frames are enlarged one at
 * a time, or all at once for a contact sheet. A GIF, whose palette covers all frames, an array and a plain contact
 * sheet also hold the known frames.
 * @param model model at the size of the frames
 * @param kind kind of output
 * @throws PxvError `RESOURCES` if the estimated peak memory exceeds the available memory; `USAGE` if PXV_MEMORY is
 *   invalid
 */
export function assertPredictionMemory(
  model: Model,
  kind: OutputKind,
  options: Omit<PredictionOptions, 'settings' | 'out' | 'slow' | 'seed'>,
  { estimatedFrames, frameRate: rate }: Pick<ClipInfo, 'estimatedFrames' | 'frameRate'>,
): void {
  const { adapt, horizon, samples, forecast, from, plain = false } = options;
  const { size, channels } = model.chain.exampleShape;
  const adapting = new ClipAdaptation(adapt);
  const { scale = legibleScale(kind, size, plain) } = options;
  const enlarged = scale ** 2 * (kind === 'png' ? horizon : 1);
  assertDrawingMemory(model, {
    operation: 'predict',
    samples,
    option: '--samples',
    atAnySize: true,
    batchOf: (count) => adapting.batchSize(count),
    heldBytes: (count, frame) => (count * (horizon + enlarged) + adapting.keptFrames) * frame,
  });
  if (kind === 'gif' || kind === 'npy' || (kind === 'png' && plain)) {
    const before = from === null || from < 0 ? (estimatedFrames ?? Infinity) : from;
    const known = Math.min(shownContextFrames(options, rate), before);
    const frames = horizon + (known === Infinity ? 0 : known);
    const panels = (forecast === 'samples' ? samples : 1) + (from === null ? 0 : 1);
    const sheet = frames * panels * channels * size.width * size.height * (1 + scale ** 2);
    const held = kind === 'gif' ? gifMemory(frames, videoFrameSize(panels, size, scale, plain)) : sheet;
    const bytes = estimateDrawingMemory(model.chain, adapting.batchSize(samples)) + held;
    const what = `${pluralize(frames, 'frame')}, which are held until the last is there`;
    const remedy = `write an mp4 or webm${known === 0 ? '' : ', or show fewer known frames: --known-frames 0'}`;
    assertMemory('predict', kind, bytes, what, remedy);
  }
}
