import { Command } from 'commander';
import type { ForecastName } from '../src/evaluation/forecasts.js';
import type { ForecastsSummary, ForecastSummary, MeanOverClips } from '../src/evaluation/forecast-summary.js';
import { errorsOf } from '../src/foundation/errors.js';
import type { Size } from '../src/foundation/frame.js';
import { numberOf } from '../src/foundation/number-of.js';
import { futureDrawing, type Parsed } from '../src/tasks/options/fields.js';
import { scoreClipsFlags } from '../src/tasks/options/clips.js';
import type { VideoScore } from '../src/tasks/score-clips.js';
import { startWithModel } from './computing.js';
import { ABOUT_FUTURES, ABOUT_SIZES, askedSize, sizeFlags } from './clip-options.js';
import { leftOutLine } from './left-out.js';
import { addAction, askedOf, computing, videoModel } from './options.js';
import type { Report, Work } from './report.js';
import { STANDARD_STREAM } from './standard-streams.js';
import { formatTable, withError } from './table.js';

const flags = { ...scoreClipsFlags, ...futureDrawing, model: videoModel, ...sizeFlags("the model's"), ...computing };

export function command(): Command {
  const evalVideo = new Command('eval-video')
    .description('score clips: bits/dim one step ahead, and predicted frames against the true ones')
    .argument('<path...>', 'clips: video files, folders of numbered images, or folders of either')
    .addHelpText('after', ABOUT_FUTURES)
    .addHelpText('after', ABOUT_SIZES)
    .addHelpText('after', EXAMPLES);
  return addAction(evalVideo, flags, evaluate);
}

const EXAMPLES = `
Examples:
  $ pxv eval-video clip.mp4
  $ pxv eval-video clips/ --model runs/mine --horizon 16
  $ pxv eval-video clips/ --starts 8 --samples 8 --codecs
  $ pxv eval-video clips/ --adapt                      the same of a model that learns from each clip as it goes
  $ pxv eval-video clips/ --short-side 96              each at its own aspect
  $ pxv eval-video clips/ --horizon 0 --json           bits/dim only, as JSON`;

async function evaluate({ signal, progress }: Work, paths: string[], options: Parsed<typeof flags>): Promise<Report> {
  const { scoreClips } = await import('../src/tasks/score-clips.js');
  // It is read more than once.
  if (paths.includes(STANDARD_STREAM))
    throw misused(STANDARD_STREAM, 'files or folders of clips', 'standard input', 'write it to a file first');
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const own = model.chain.exampleShape.size;
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
  const { settings, ...figures } = score;
  const { forecasts, samples, leftOut, notReached } = figures;
  const { context } = model.chain.exampleShape;
  return {
    text: [
      clipTable(score, own),
      '',
      ...summaryLines(score),
      ...(forecasts === null ? [] : ['', ...(await forecastTables(forecasts, samples))]),
      leftOutLine(leftOut),
      notReached > 0 && `interrupted: ${numberOf(notReached, 'clip')} not scored`,
    ],
    json: {
      ...{ model: model.name, seed: options.seed, seconds: seconds(), context, horizon: options.horizon },
      ...{ ...settings, ...figures, ...chosen },
    },
    failed: leftOut.some(({ named }) => named),
  };
}

const misused = errorsOf('USAGE', 'eval-video');

/** @param own the model's size: where all clips were scored at it, the table does without sizes */
function clipTable({ clips, bitsPerDim, baselines, frames, codecs }: VideoScore, own: Size): string {
  const isSized = clips.some(({ width, height }) => width !== own.width || height !== own.height);
  // Where nothing moves, nothing can be saved.
  const saved = (bits: number, baseline: number) =>
    baseline === 0 ? '-' : `${(100 * (1 - bits / baseline)).toFixed(1)}%`;
  const against = (bits: number, baseline: number | null) =>
    baseline === null ? ['-', '-'] : [baseline.toFixed(3), saved(bits, baseline)];
  const all = { name: 'all', size: '', frames, bitsPerDim, previousFrameBitsPerDim: baselines['previous-frame'] };
  const rows = [
    ...clips.map((clip) => ({ ...clip, size: `${clip.width}x${clip.height}`, codec: clip.codecs?.best ?? null })),
    { ...all, codec: baselines['lossless-codec'] ?? null },
  ].map((of) => [
    ...[of.name, ...(isSized ? [of.size] : []), String(of.frames), of.bitsPerDim.toFixed(3)],
    ...against(of.bitsPerDim, of.previousFrameBitsPerDim),
    ...(codecs === null ? [] : against(of.bitsPerDim, of.codec)),
  ]);
  const titles = [
    ...['clip', ...(isSized ? ['size'] : []), 'frames', 'bits/dim', 'previous frame', 'fewer bits'],
    ...(codecs === null ? [] : ['best codec', 'fewer bits']),
  ];
  return formatTable(`l${'r'.repeat(titles.length - 1)}`, [titles, ...rows]);
}

function summaryLines(score: VideoScore): (string | false)[] {
  const { adapted, bitsPerDim, exact, standardError, dimensions, baselines, clips, codecs, anchors } = score;
  const spread = Number.isNaN(standardError)
    ? ''
    : ` +- ${standardError.toFixed(3)} (standard error over ${numberOf(clips.length, 'clip')})`;
  const each = Object.entries(codecs ?? {}).map(
    ([name, bits]) => `${name} ${bits === null ? 'failed' : bits.toFixed(3)}`,
  );
  // An anchor that is the frame before says nothing.
  const nearer = anchors.mean.flatMap((gain, anchor) => (gain === 0 ? [] : [gainWithError(anchors, anchor)]));
  const given = `each frame given the true ones before it${adapted ? ', which the model has learned from' : ''}`;
  const [uniform, previous] = [baselines.uniform.toFixed(2), baselines['previous-frame'].toFixed(3)];
  return [
    `${exact ? '' : '<= '}${bitsPerDim.toFixed(3)} bits/dim${spread} over ${dimensions} dimensions, ${given}`,
    `baselines: uniform ${uniform}, previous frame ${previous}`,
    nearer.length > 0 && `expected frame, one step ahead, over the frame before: ${nearer.join(', ')} dB`,
    each.length > 0 && `lossless codecs: ${each.join(', ')}`,
  ];
}

/** A difference in decibels with its standard error, where there is one. */
function gainWithError({ mean, standardError }: MeanOverClips, index: number): string {
  return `${mean[index] < 0 ? '' : '+'}${withError(mean[index], standardError[index], 2)}`;
}

/** Forecasts beside each other, by frames ahead: decibels, SSIM, change from frame to frame. */
async function forecastTables(
  { clips, starts, trueChange, kinds }: ForecastsSummary,
  samples: number,
): Promise<string[]> {
  const { forecasts } = await import('../src/evaluation/forecasts.js');
  const names = Object.keys(kinds) as ForecastName[];
  const others = names.filter((name) => name !== 'last-frame');
  const titles = (of: ForecastName[]) => of.map((name) => forecasts[name].title(samples));
  const gainOf = ({ gain, wins }: ForecastSummary, h: number) => `${gainWithError(gain, h)} (${wins[h]})`;
  const table = (columns: string[], cells: (h: number) => string[]) =>
    formatTable('r'.repeat(1 + columns.length), [
      ['frames ahead', ...columns],
      ...trueChange.map((_, h) => [String(h + 1), ...cells(h)]),
    ]);

  const ssims = names.flatMap((name) => kinds[name]?.ssim ?? []);
  return [
    `predicted from ${numberOf(starts, 'place')} in ${numberOf(clips, 'clip')}: PSNR of the last frame repeated, and decibels more`,
    `than that${clips === 1 ? '' : ' +- standard error over clips'} (clips on which it is more)`,
    table(['last frame', ...titles(others)], (h) => [
      kinds['last-frame']!.psnr[h].toFixed(2),
      ...others.map((name) => gainOf(kinds[name]!, h)),
    ]),
    ...(ssims.length === 0
      ? []
      : ['', 'SSIM', table(titles(names), (h) => names.map((name) => kinds[name]!.ssim![h].toFixed(3)))]),
    '',
    'change from frame to frame in levels: true, and predicted over true',
    table(['true', ...titles(others)], (h) => [
      trueChange[h].toFixed(2),
      ...others.map((name) => (trueChange[h] === 0 ? '-' : kinds[name]!.changeRatio[h].toFixed(2))),
    ]),
  ];
}
