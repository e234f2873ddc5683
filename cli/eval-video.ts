import { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import { PxvError } from '../src/foundation/errors.js';
import type { Size } from '../src/foundation/frame.js';
import { numberOf } from '../src/foundation/number-of.js';
import { futureDrawing, type Parsed } from '../src/tasks/options/fields.js';
import { scoreClipsFlags } from '../src/tasks/options/score-clips.js';
import type { VideoScore } from '../src/tasks/score-clips.js';
import { startComputing } from './computing.js';
import { addFutureOptions } from './draw-options.js';
import { forecastTables, withError } from './forecast-tables.js';
import { leftOutLines } from './left-out.js';
import { addComputeOptions, addFields, addJsonOption, addModelOption, askedOf } from './options.js';
import { run, type Report, type Work } from './report.js';
import { addSizeOptions, askedSize, type SizeOptions } from './size-options.js';
import { STANDARD_STREAM } from './standard-streams.js';
import { formatTable } from './table.js';

interface EvalVideoOptions extends Parsed<typeof scoreClipsFlags & typeof futureDrawing>, BackendOptions, SizeOptions {
  model?: string;
}

export function command(): Command {
  const evalVideo = new Command('eval-video')
    .description('score clips: bits/dim one step ahead, and predicted frames against the true ones')
    .argument('<path...>', 'clips: video files, folders of numbered images, or folders of either');
  addFields(evalVideo, scoreClipsFlags);
  addFutureOptions(evalVideo);
  addModelOption(evalVideo);
  addSizeOptions(evalVideo, "the model's");
  addJsonOption(evalVideo);
  addComputeOptions(evalVideo);
  evalVideo.addHelpText(
    'after',
    `
Examples:
  $ pxv eval-video clip.mp4
  $ pxv eval-video clips/ --model runs/mine --horizon 16
  $ pxv eval-video clips/ --starts 8 --samples 8 --codecs
  $ pxv eval-video clips/ --adapt                      the same of a model that learns from each clip as it goes
  $ pxv eval-video clips/ --short-side 96              each at its own aspect
  $ pxv eval-video clips/ --horizon 0 --json           bits/dim only, as JSON`,
  );
  return evalVideo.action(run(evaluate));
}

async function evaluate({ signal, progress }: Work, paths: string[], options: EvalVideoOptions): Promise<Report> {
  const { loadModel, DEFAULT_VIDEO_MODEL } = await import('../src/model/checkpoint.js');
  const { scoreClips } = await import('../src/tasks/score-clips.js');
  refuseStandardInput(paths);
  const model = loadModel(options.model ?? DEFAULT_VIDEO_MODEL);
  const chosen = await startComputing(options, progress);
  const own = model.chain.exampleShape.size;
  const started = performance.now();
  const score = await scoreClips(model, paths, {
    ...askedOf(scoreClipsFlags, options),
    ...askedSize(options, own),
    settings: askedOf(futureDrawing, options),
    signal,
    onWarning: (text) => progress.say(`pxv: warning: ${text}`),
    onProgress: ({ done, clips, name, what, frames }) =>
      progress.show({
        label: 'eval-video',
        done,
        total: clips,
        unit: 'clips',
        fields: { clip: name, [what]: String(Math.floor(frames)) },
      }),
  });
  const seconds = (performance.now() - started) / 1000;
  const { settings, ...figures } = score;
  const { forecasts } = figures;
  const tables = forecasts === null ? [] : ['', ...(await forecastTables(forecasts, score.samples))];
  return {
    text: [clipTable(score, own), '', ...summaryLines(score), ...tables, ...notScored(score)].join('\n'),
    json: {
      model: model.name,
      seed: options.seed,
      seconds,
      context: model.chain.exampleShape.context,
      horizon: options.horizon,
      ...settings,
      ...figures,
      ...chosen,
    },
    failed: score.leftOut.some(({ named }) => named),
  };
}

/** @throws PxvError `USAGE` where a clip is to come from standard input: it is read more than once */
function refuseStandardInput(paths: readonly string[]): void {
  if (!paths.includes(STANDARD_STREAM)) return;
  throw new PxvError({
    code: 'USAGE',
    operation: 'eval-video',
    argument: STANDARD_STREAM,
    expected: 'files or folders of clips',
    received: 'standard input',
    remedy: 'write it to a file first',
  });
}

/** @param own the model's size: where all clips were scored at it, the table does without sizes */
function clipTable({ clips, bitsPerDim, baselines, frames, codecs }: VideoScore, own: Size): string {
  const isSized = clips.some(({ width, height }) => width !== own.width || height !== own.height);
  // Where nothing moves, nothing can be saved.
  const saved = (bits: number, baseline: number) =>
    baseline === 0 ? '-' : `${(100 * (1 - bits / baseline)).toFixed(1)}%`;
  const against = (bits: number, baseline: number | null) =>
    baseline === null ? ['-', '-'] : [baseline.toFixed(3), saved(bits, baseline)];
  const line = (
    name: string,
    size: string,
    count: number,
    bits: number,
    previousFrame: number,
    codec: number | null,
  ) => [
    name,
    ...(isSized ? [size] : []),
    String(count),
    bits.toFixed(3),
    ...against(bits, previousFrame),
    ...(codecs === null ? [] : against(bits, codec)),
  ];
  const titles = [...(isSized ? ['size'] : []), 'frames', 'bits/dim', 'previous frame', 'fewer bits'];
  if (codecs !== null) titles.push('best codec', 'fewer bits');
  return formatTable(
    [{ title: 'clip', align: 'left' }, ...titles.map((title) => ({ title, align: 'right' as const }))],
    [
      ...clips.map((clip) =>
        line(
          clip.name,
          `${clip.width}x${clip.height}`,
          clip.frames,
          clip.bitsPerDim,
          clip.previousFrameBitsPerDim,
          clip.codecs?.best ?? null,
        ),
      ),
      line('all', '', frames, bitsPerDim, baselines['previous-frame'], baselines['lossless-codec'] ?? null),
    ],
  );
}

function summaryLines({
  adapted,
  bitsPerDim,
  exact,
  standardError,
  dimensions,
  baselines,
  clips,
  codecs,
  anchors,
}: VideoScore): string[] {
  const spread = Number.isNaN(standardError)
    ? ''
    : ` +- ${standardError.toFixed(3)} (standard error over ${numberOf(clips.length, 'clip')})`;
  const each = Object.entries(codecs ?? {}).map(
    ([name, bits]) => `${name} ${bits === null ? 'failed' : bits.toFixed(3)}`,
  );
  // An anchor that is the frame before says nothing.
  const nearer = anchors.mean.flatMap((gain, anchor) => (gain === 0 ? [] : [withError(anchors, anchor)]));
  return [
    `${exact ? '' : '<= '}${bitsPerDim.toFixed(3)} bits/dim${spread} over ${dimensions} dimensions, each frame given the true ones before it${adapted ? ', which the model has learned from' : ''}`,
    `baselines: uniform ${baselines.uniform.toFixed(2)}, previous frame ${baselines['previous-frame'].toFixed(3)}`,
    ...(nearer.length === 0 ? [] : [`expected frame, one step ahead, over the frame before: ${nearer.join(', ')} dB`]),
    ...(each.length === 0 ? [] : [`lossless codecs: ${each.join(', ')}`]),
  ];
}

/** What the figures do not speak of, in lines for people; empty where every clip was scored. */
function notScored({ leftOut, notReached }: VideoScore): string[] {
  return [
    ...leftOutLines(leftOut),
    ...(notReached > 0 ? [`interrupted: ${numberOf(notReached, 'clip')} not scored`] : []),
  ];
}
