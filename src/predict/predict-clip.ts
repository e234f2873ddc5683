import type { Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { frameBytes } from '../foundation/levels.js';
import { errorFactory } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import { resizeModel } from '../model/resize-model.js';
import type { Model } from '../model/model.js';
import { samplingSettings, type SamplingSettings } from '../model/sampling-settings.js';
import { singleProcess, type ProcessGroup } from '../distributed/process-group.js';
import { expectExpectation } from '../sampling/frame-sampler.js';
import { expectCorrected } from '../sampling/hindcasts.js';
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
  type OutputKind,
  type WrittenClip,
} from '../video/index.js';
import { ClipAdaptation } from '../evaluation/clip-adaptation.js';
import { openClipForModel, keepAspectRatio, sizeWarning, type ModelClip } from '../clips/open-clip-for-model.js';
import { playingWarning, rateWarning } from '../clips/clip-rate.js';
import { assertVideoModel } from '../model/assert-model-kind.js';
import { expectDrawingMemory, expectMemory } from '../memory/memory-limits.js';
import { estimateDrawingMemory } from '../memory/estimate-memory.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../options/fields.js';
import { predictClipFields } from './options.js';
import { shownContextFrames, Prediction, type PredictionOptions } from './prediction.js';

/** What `predictClip` predicts of a clip, how, and where it is written. */
export type PredictClipOptions = OptionsOf<typeof predictClipFields>;

type Asked = ParsedOptions<typeof predictClipFields>;

/** What `predictClip` has written. */
export interface PredictedClip extends WrittenClip {
  /** Frames of the clip before the first predicted one. */
  known: number;
  /** Predicted frames that were written: fewer than were asked for where it was interrupted. */
  predicted: number;
  /** Of each frame. */
  size: Size;
  /** At which the clip was read. */
  frameRate: FrameRate;
  /** How frames were drawn; null where nothing was. */
  settings: SamplingSettings | null;
  /**
   * Mean -log2 P of what was drawn, in bits/dim, under the model at temperature 1, given what each frame was drawn from (see
   * `SamplingSettings.carry`); null where nothing was.
   */
  bitsPerDim: number | null;
  /** Whether that is the likelihood of the frames; else it is an upper bound of their bits (see `Chain.exact`). */
  exact: boolean;
}

/** What follows from other options where it is left out. */
export function resolveHoldOut<O extends Pick<ParsedOptions<typeof predictClipFields>, 'from' | 'horizon' | 'holdOut'>>(
  asked: O,
) {
  const { from = null, holdOut } = asked;
  return holdOut === undefined ? { ...asked, from } : { ...asked, from: -holdOut, horizon: holdOut };
}

/**
 * Writes a clip whose last frames are predicted: the known frames as the model sees them, then for each frame of the horizon
 * a panel for each future (before them the truth, where the clip goes on). What the output says of itself is in
 * `writePanels`. Of several ranks the first alone writes.
 * @throws PxvError where an option is unknown or out of its range, the model is one of images, the clip cannot be read or has nothing before the first predicted
 *   frame, or the output cannot be written: then nothing is left of it; the signal's reason where it is aborted before a
 *   predicted frame is finished, or `out` takes the place of something, which then stays; else a clip that ends with the last
 *   one finished
 */
export async function predictClip(trained: Model, path: string, asked: PredictClipOptions): Promise<PredictedClip> {
  const parsed = parseOptions('predict', predictClipFields, asked);
  const options = resolveHoldOut(parsed);
  const { out, overwrite = false, processGroup = singleProcess } = options;
  expectSamplesFor(processGroup, options);
  const settings = drawingOf(trained, options);
  const inputs = await listInputFiles(path);
  const confirm = () => checkOutput(out, { overwrite, inputs });
  const kind = processGroup.isMainProcess ? await confirm() : outputKind(out)!;
  /** Whether an interruption leaves what is finished: where the output takes the place of nothing, and nobody waits for what is not. */
  const keepsFinished = processGroup.size === 1 && !(await outputExists(out));
  const clip = await open(trained, path, options);
  const { size, frameRate } = clip.reader;
  const model = resizeModel(trained, size);
  expectPredictionMemory(model, kind, options, clip.reader);
  const playing = { ...frameRate, denominator: options.slow * frameRate.denominator };
  const warnings = [sizeWarning(trained, size), rateWarning(model, clip.reader), playingWarning(kind, playing)];
  for (const warning of warnings) if (warning !== null) options.onWarning?.(warning);

  const { plain = false, scale = legibleScale(kind, size, plain) } = options;
  const writing = { frameRate: playing, scale, plain, confirm };
  const onPredicted = keepsFinished ? options.onPredicted : undefined;
  const prediction = new Prediction(model, clip, { ...options, settings, onPredicted });
  try {
    const { signal } = options;
    const write = () =>
      writePanels(out, prediction.steps(), { ...writing, signal }).catch(async (error: unknown) => {
        if (!signal?.aborted || prediction.finished.length === 0 || !keepsFinished) throw error;
        // The encoder has ended with the rest: another one writes what is finished.
        const again = await open(trained, path, { ...options, signal: undefined });
        return writePanels(out, prediction.again(again), writing);
      });
    if (!processGroup.isMainProcess) for await (const step of prediction.steps()) void step;
    const written = (await processGroup.broadcast(processGroup.isMainProcess ? await write() : null))!;
    const { known, nats, finished } = prediction;
    const dimensions = options.samples * finished.length * frameBytes(model.chain.exampleShape);
    const isDrawn = options.forecast !== 'best-guess';
    const drawn = { settings: isDrawn ? settings : null, bitsPerDim: isDrawn ? nats / Math.LN2 / dimensions : null };
    return { ...written, known, predicted: finished.length, size, frameRate, ...drawn, exact: model.chain.exact };
  } finally {
    prediction.dispose();
  }
}

/** @throws PxvError `USAGE` where there is nothing to do for one of the ranks */
function expectSamplesFor(
  { size }: ProcessGroup,
  { forecast, samples }: Pick<PredictionOptions, 'forecast' | 'samples'>,
): void {
  const isGuess = forecast === 'best-guess';
  if (size === 1 || (!isGuess && samples >= size)) return;
  const received = isGuess ? 'the best guess, which is one' : pluralize(samples, 'sample');
  throw errorFactory('USAGE', 'predict')(
    'ranks',
    `a sample or more for each of the ${size}`,
    received,
    'draw more, or run it alone',
  );
}

/** How futures are drawn. @throws PxvError `USAGE` where the model cannot make what is asked for */
function drawingOf(model: Model, { forecast, adapt, settings: asked }: Asked): SamplingSettings {
  assertVideoModel(model, 'predict');
  const settings = samplingSettings(model, asked);
  const isGuess = forecast === 'best-guess';
  if (adapt) expectCorrected(model, isGuess ? null : settings);
  if (isGuess) expectExpectation(model);
  return settings;
}

function open(model: Model, path: string, options: Asked): Promise<ModelClip> {
  return openClipForModel(model, path, 'predict', { ...options, ...keepAspectRatio(model, options) });
}

/**
 * Refuses a prediction that would take more memory than there is. All predicted frames are held; one is enlarged when it is
 * written, and in a contact sheet all are. Two kinds of output are not written before their last frame is there: a gif, whose
 * palette is made for all of them, and a plain sheet.
 * @param model at the size of the frames
 * @throws PxvError `RESOURCES`
 */
export function expectPredictionMemory(
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
  expectDrawingMemory(model, {
    operation: 'predict',
    samples,
    option: '--samples',
    atAnySize: true,
    batchOf: (count) => adapting.together(count),
    heldBytes: (count, frame) => (count * (horizon + enlarged) + adapting.keptFrames) * frame,
  });
  if (kind === 'gif' || (kind === 'png' && plain)) {
    const known = Math.min(
      shownContextFrames(options, rate),
      from === null || from < 0 ? (estimatedFrames ?? Infinity) : from,
    );
    const frames = horizon + (known === Infinity ? 0 : known);
    const panels = (forecast === 'samples' ? samples : 1) + (from === null ? 0 : 1);
    const sheet = frames * panels * channels * size.width * size.height * (1 + scale ** 2);
    const held = kind === 'gif' ? gifMemory(frames, videoFrameSize(panels, size, scale, plain)) : sheet;
    const bytes = estimateDrawingMemory(model.chain, adapting.together(samples)) + held;
    const what = `${pluralize(frames, 'frame')}, which are held until the last is there`;
    const remedy = `write an mp4 or webm${known === 0 ? '' : ', or show fewer known frames: --known 0'}`;
    expectMemory('predict', kind, bytes, what, remedy);
  }
}
