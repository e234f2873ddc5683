import { resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { errorFactory } from '../src/foundation/errors.js';
import { framesPerSecond } from '../src/foundation/frame-rate.js';
import type { Model } from '../src/model/model.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { withFlag, pickOptions, rolloutSamplingFields, type ParsedOptions } from '../src/foundation/option-fields.js';
import { countRequestedFrames } from '../src/commands/predict/frame-range.js';
import { formatFlag, predictFlags } from '../src/commands/predict/options.js';
import type { PredictedClip } from '../src/commands/predict/predict-clip.js';
import type { ClipSource } from '../src/video/index.js';
import { startWithModel } from './start-backend.js';
import { ABOUT_FUTURES, ABOUT_SIZES, sizeOptions, sizeFlags } from './clip-options.js';
import { skippedLines, hasFailed } from './format-skipped.js';
import { addAction, computing, videoModel, type Action } from './options.js';
import type { Progress } from './progress.js';
import { toOneLine } from '../src/foundation/control-characters.js';
import { STANDARD_STREAM, StandardStreams } from './standard-streams.js';
import { outputStem } from './output-stem.js';

const flags = {
  out: withFlag(
    z.string().optional(),
    'path',
    '.mp4, .webm, .mkv (without loss), .gif, .png (contact sheet), .npy (an array of the samples), a folder, or - ' +
      '(default: here, ' +
      '<clip>-predicted.mp4); of several clips a folder (default: predicted)',
  ),
  ...formatFlag,
  ...predictFlags,
  ...rolloutSamplingFields,
  model: videoModel,
  ...sizeFlags("the clip's aspect, with the shorter side of the model"),
  ...computing,
};
type PredictOptions = ParsedOptions<typeof flags>;

/** Returns the `predict` command, which writes a clip whose last frames are predicted. */
export function createCommand(): Command {
  const predict = new Command('predict')
    .description('predict the next frames of a clip, and write them as a video')
    .argument(
      '<clip...>',
      'video files, folders of numbered images, arrays (.npy, .npz), folders of these, or - for standard input',
    )
    .addHelpText('after', [ABOUT_FUTURES, ABOUT_SIZES, EXAMPLES].join('\n'));
  return addAction(predict, flags, predictFrames);
}

const EXAMPLES = `
Examples:
  $ pxv predict clip.mp4 --next 8                      writes clip-predicted.mp4
  $ pxv predict clip.mp4 --next 16 --out future.gif --scale 4 --samples 3
  $ pxv predict clip.mp4 --from 20 --out beside.png    predicted frames beside the true ones
  $ pxv predict clip.mp4 --hold-out 8                  the clip's own last frames, the true ones beside them
  $ pxv predict clips/ --out futures --format gif      futures/NAME.gif of each clip
  $ pxv predict clip.mp4 --samples 8 --out futures.npy  the samples alone, as an array
  $ pxv predict - --out - --format webm < clip.mp4 | ffplay -
  $ pxv predict clip.mp4 --size 128x72                 at this size instead of the model's
  $ pxv predict clip.mp4 --best-guess                  the rollout of expected frames, quickly
  $ pxv predict clip.mp4 --best-guess --adapt          corrected by the errors on known frames
  $ pxv predict clip.mp4 --model runs/mine --fps model  at the frame rate of its training
  $ pxv predict frames/ --model runs/mine --seed 7`;

const predictFrames: Action<typeof flags, [string[]]> = async (work, clips, options) => {
  const { findFfmpeg } = await import('../src/video/ffmpeg-binary.js');
  // FFmpeg reports its version while other modules load; a missing FFmpeg is reported where it is needed.
  void findFfmpeg().catch(() => null);
  const { listClips, prefetchProbe } = await import('../src/video/index.js');
  if (clips.includes(STANDARD_STREAM)) {
    if (clips.length === 1) return predictOne(work, STANDARD_STREAM, options);
    const remedy = 'predict it in a command of its own';
    throw misused(STANDARD_STREAM, 'standard input alone', 'other clips beside it', remedy);
  }
  const { withoutOutputs } = await import('../src/commands/predict/output-paths.js');
  const sources = withoutOutputs(await listClips(clips), options.out ?? SEVERAL_OUT);
  const isClip = clips.length === 1 && sources.length === 1 && sources[0].path === resolve(clips[0]);
  if (isClip) prefetchProbe(clips[0], work.signal);
  return isClip ? predictOne(work, clips[0], options) : predictSeveral(work, sources, options);
};

/** Default folder of the outputs of several clips. */
const SEVERAL_OUT = 'predicted';

const predictOne: Action<typeof flags, [string]> = async (work, clip, options) => {
  const { signal, progress, markSaving } = work;
  const { outputEnding } = await import('../src/video/index.js');
  const { assertRequestedKind, defaultOutput } = await import('../src/commands/predict/output-paths.js');
  const { predictClip } = await import('../src/commands/predict/predict-clip.js');
  const { kind = 'mp4' } = options;
  const name = clip === STANDARD_STREAM ? 'stdin' : outputStem(clip);
  const out = options.out ?? defaultOutput(name, kind);
  if (out !== STANDARD_STREAM) assertRequestedKind(out, options.kind);
  const from = clip === STANDARD_STREAM ? 'standard input' : clip;
  const to = out === STANDARD_STREAM ? 'standard output' : out;
  const streams = new StandardStreams();
  try {
    const outPath = streams.outputFor(out, outputEnding(kind));
    const path = await streams.receive(clip, signal);
    const { model, chosen, seconds } = await startWithModel(options, progress);
    const result = await predictClip(model, path, {
      ...settingsOf(options, model),
      out: outPath,
      signal,
      keepFinished: true,
      onRead: readingShown(progress),
      onHindcast: (done, total) => progress.show({ label: 'adapt', done, total, unit: 'hindcasts' }),
      onProgress: (done, total) => progress.show({ label: 'predict', done, total, unit: 'frames' }),
      onPredicted: markSaving,
      onWarning: (text) => progress.log(`pxv: warning: ${from}: ${streams.named(text)}`),
    });
    const taken = seconds();
    if (out === STANDARD_STREAM) await streams.send(outPath);
    return {
      text: toOneLine(`${to}: ${writtenOf(from, result, options)} predicted by ${model.name} in ${taken.toFixed(1)} s`),
      json: { ...facts(model, options), output: out, seconds: taken, ...figures(result, options), ...chosen },
      ...(out === STANDARD_STREAM && { stream: process.stderr }),
    };
  } catch (error) {
    throw streams.namedError(error);
  } finally {
    streams.remove();
  }
};

/** Milliseconds of reading before progress is shown. */
const QUICK_READING = 2000;

/** Returns a callback that shows the progress of reading a clip if reading takes long. */
function readingShown(progress: Progress) {
  let began = 0;
  return (done: number, total: number | null, fields: Record<string, string> = {}): void => {
    const now = performance.now();
    if (done === 1) began = now;
    if (now - began > QUICK_READING) progress.show({ label: 'read', done, total, unit: 'frames', fields });
  };
}

const predictSeveral: Action<typeof flags, [readonly ClipSource[]]> = async (work, sources, options) => {
  const { signal, progress, markSaving } = work;
  const { predictClips } = await import('../src/commands/predict/predict-clips.js');
  const out = options.out ?? SEVERAL_OUT;
  if (out === STANDARD_STREAM)
    throw misused('--out -', 'a folder, for several clips', 'standard output', 'predict one clip, or name a folder');
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const showReading = readingShown(progress);
  const result = await predictClips(model, sources, {
    ...settingsOf(options, model),
    out,
    kind: options.kind,
    signal,
    keepFinished: true,
    onRead: ({ name, done, total }) => showReading(done, total, { clip: name }),
    onHindcast: ({ name, ...hindcasts }) =>
      progress.show({ label: 'adapt', ...hindcasts, unit: 'hindcasts', fields: { clip: name } }),
    onProgress: ({ name, ...frames }) =>
      progress.show({ label: 'predict', ...frames, unit: 'frames', fields: { clip: name } }),
    onPredicted: markSaving,
    onWarning: (text) => progress.log(`pxv: warning: ${text}`),
  });
  const taken = seconds();
  const { clips, skipped, unprocessed } = result;
  return {
    text: [
      ...clips.map((clip) => toOneLine(`${clip.path}: ${writtenOf(clip.name, clip, options)} predicted`)),
      `${pluralize(clips.length, 'clip')} predicted by ${model.name} in ${taken.toFixed(1)} s`,
      ...skippedLines(result, 'predicted'),
    ],
    json: {
      ...facts(model, options),
      output: out,
      seconds: taken,
      clips: clips.map((clip) => ({ name: clip.name, output: clip.path, ...figures(clip, options) })),
      skipped,
      unprocessed,
      ...chosen,
    },
    failed: hasFailed(result),
  };
};

/**
 * Returns a phrase for the known and the predicted frames in an output. Only an interruption leaves fewer predicted
 * frames than requested.
 */
function writtenOf(
  clip: string,
  { frames, known, predicted }: Pick<PredictedClip, 'frames' | 'known' | 'predicted'>,
  options: PredictOptions,
): string {
  const requested = countRequestedFrames(options);
  const made = predicted < requested ? `${predicted} of ${requested}, interrupted,` : `${predicted}`;
  const before = pluralize(known, 'frame');
  const shown = frames - predicted;
  if (shown === 0) return `after ${before} of ${clip}, the ${made}`;
  return `${shown < known ? `the last ${shown} of ` : ''}${before} of ${clip}, then ${made}`;
}

function settingsOf(options: PredictOptions, { chain }: Model) {
  return {
    ...pickOptions(predictFlags, options),
    settings: pickOptions(rolloutSamplingFields, options),
    ...sizeOptions(options, chain.exampleShape.size),
  };
}

/** Returns the facts common to all clips, for JSON. */
function facts({ name, chain }: Model, options: PredictOptions) {
  const { channels, context } = chain.exampleShape;
  const { seed, forecast, samples } = options;
  return { model: name, seed, forecast, samples, adapted: options.adapt ?? false, context, channels };
}

/** Returns the results of one clip, for JSON. */
function figures(clip: PredictedClip, options: PredictOptions) {
  const { size, frames, known, predicted, frameRate, bitsPerDim, exact, settings } = clip;
  const interrupted = predicted < countRequestedFrames(options);
  const rate = framesPerSecond(frameRate);
  return { ...size, frames, known, predicted, interrupted, frameRate: rate, ...settings, bitsPerDim, exact };
}

const misused = errorFactory('USAGE', 'predict');
