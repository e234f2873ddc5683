import type { z } from 'zod';
import { subsequencesFor } from '../../conditioning/context/history.js';
import { makeTable, table, tableText, type Table } from '../../document/blocks/table.js';
import { formatWithError } from '../../document/format-with-error.js';
import { formatFewerBits } from '../../evaluation/baselines.js';
import { forecasts as forecastKinds, type ForecastName } from '../../evaluation/forecasts.js';
import { frameMetric, type FrameMetricName } from '../../evaluation/frame-metrics.js';
import type { Size } from '../../foundation/frame.js';
import { pluralize } from '../../foundation/pluralize.js';
import type {
  clipsSummarySchema,
  ForecastsSummary,
  ForecastSummary,
  MeanOverClips,
  ProtocolScore,
  VideoScore,
} from './score-results.js';

/** Part of a `VideoScore` that tables show. */
export type ShownScore = z.output<typeof clipsSummarySchema> & { adapted: boolean };

/** Part of a `ProtocolScore` that tables show. */
export type ShownProtocol = Omit<ProtocolScore, 'settings' | 'skipped' | 'unprocessed'>;

/**
 * Returns the score of clips as lines of text: table of clips, summary, and tables of forecasts.
 * @param own size of the model's images
 */
export function scoreText(score: VideoScore, own: Size): string[] {
  const { forecasts, samples } = score;
  const tables = forecasts === null ? [] : forecastTables(forecasts, samples);
  const shown = tables.flatMap((one) => ['', table.text(one)]);
  return [tableText(clipTable(score, own)), '', ...summaryLines(score), ...shown];
}

/**
 * Returns a score under a protocol as lines of text: the protocol, the table, and notes.
 * @param model name of the model
 */
export function protocolText(score: ProtocolScore, model: string): string[] {
  return [...protocolLines(score), '', tableText(protocolTable(score, model)), '', ...protocolNotes(score)];
}

/**
 * Returns the table of each clip's bits/dim beside baselines, with a last row for all clips.
 * @param own size of the model's images, null if unknown. If all clips were scored at this size, the table has no
 *   column of sizes
 */
export function clipTable({ clips, bitsPerDim, baselines, frames, codecs }: ShownScore, own: Size | null): Table {
  const isSized = clips.some(({ width, height }) => width !== own?.width || height !== own.height);
  const against = (bits: number, baseline: number | null) =>
    baseline === null ? ['-', '-'] : [baseline.toFixed(3), formatFewerBits(bits, baseline)];
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
  return makeTable(`l${'r'.repeat(titles.length - 1)}`, titles, rows);
}

/**
 * Returns lines of text on the score of all clips: bits/dim, baselines, and where they apply the PSNR gain of the
 * expected frame over the frame before, and lossless codecs.
 */
export function summaryLines(score: ShownScore): string[] {
  const { adapted, bitsPerDim, exact, standardError, dimensions, baselines, clips, codecs, anchors } = score;
  const spread = Number.isNaN(standardError)
    ? ''
    : ` +- ${standardError.toFixed(3)} (standard error over ${pluralize(clips.length, 'clip')})`;
  const each = Object.entries(codecs ?? {}).map(
    ([name, bits]) => `${name} ${bits === null ? 'failed' : bits.toFixed(3)}`,
  );
  // The gain of an anchor that is the previous frame is 0.
  const nearer = anchors.mean.flatMap((gain, anchor) => (gain === 0 ? [] : [gainWithError(anchors, anchor)]));
  const given = `each frame given the true ones before it${adapted ? ', which the model has learned from' : ''}`;
  const uniform = baselines.uniform.toFixed(2);
  const previous = baselines['previous-frame'].toFixed(3);
  return [
    `${exact ? '' : '<= '}${bitsPerDim.toFixed(3)} bits/dim${spread} over ${dimensions} dimensions, ${given}`,
    `baselines: uniform ${uniform}, previous frame ${previous}`,
    ...(nearer.length > 0 ? [`expected frame, one step ahead, over the frame before: ${nearer.join(', ')} dB`] : []),
    ...(each.length > 0 ? [`lossless codecs: ${each.join(', ')}`] : []),
  ];
}

/** Returns a gain in dB with its standard error, unless that is NaN. */
function gainWithError({ mean, standardError }: MeanOverClips, index: number): string {
  return `${mean[index] < 0 ? '' : '+'}${formatWithError(mean[index], standardError[index], 2)}`;
}

/**
 * Returns tables of forecast scores, with a row for each number of frames ahead and a column for each kind of forecast
 * but the worst sample. The first table has the PSNR in dB of the last frame repeated, then the gain of each other kind
 * over that frame. The number of clips with a gain stands in brackets. The second has SSIM, if frames are large enough.
 * The third has the mean absolute change from frame to frame: of the truth in levels, then of each kind as a ratio to
 * the truth.
 * @param samples number of samples drawn at each start
 */
export function forecastTables({ clips, starts, trueChange, kinds }: ForecastsSummary, samples: number): Table[] {
  // The worst sample is shown only in JSON and as the edge of a chart's band.
  const names = (Object.keys(kinds) as ForecastName[]).filter((name) => name !== 'worst');
  const others = names.filter((name) => name !== 'last-frame');
  const titlesOf = (of: ForecastName[]) => of.map((name) => forecastKinds[name].title(samples));
  const gainOf = ({ gain, wins }: ForecastSummary, h: number) => `${gainWithError(gain, h)} (${wins[h]})`;
  const byHorizon = (title: string, columns: string[], cells: (h: number) => string[]): Table => ({
    kind: 'table',
    title,
    align: 'r'.repeat(1 + columns.length),
    titles: ['frames ahead', ...columns],
    rows: trueChange.map((_, h) => [String(h + 1), ...cells(h)]),
  });
  const hasSsim = names.some((name) => kinds[name]?.ssim != null);
  return [
    byHorizon(
      `predicted from ${pluralize(starts, 'place')} in ${pluralize(clips, 'clip')}: PSNR of the last frame ` +
        `repeated, and decibels more\n` +
        `than that${clips === 1 ? '' : ' +- standard error over clips'} (clips on which it is more)`,
      ['last frame', ...titlesOf(others)],
      (h) => [kinds['last-frame']!.psnr[h].toFixed(2), ...others.map((name) => gainOf(kinds[name]!, h))],
    ),
    ...(hasSsim
      ? [byHorizon('SSIM', titlesOf(names), (h) => names.map((name) => kinds[name]!.ssim![h].toFixed(3)))]
      : []),
    byHorizon(
      'change from frame to frame in levels: true, and predicted over true',
      ['true', ...titlesOf(others)],
      (h) => [
        trueChange[h].toFixed(2),
        ...others.map((name) => (trueChange[h] === 0 ? '-' : kinds[name]!.changeRatio[h].toFixed(2))),
      ],
    ),
  ];
}

/**
 * Returns the table of a score under a protocol: a row for each kind of forecast, with standard errors over clips, then
 * a row for each published result with its source.
 */
export function protocolTable({ kinds, metrics, samples, published }: ShownProtocol, model: string): Table {
  const names = Object.keys(metrics) as FrameMetricName[];
  const ours = (Object.keys(kinds) as ForecastName[]).map((kind) => [
    `${kind === 'last-frame' ? '' : `${model}, `}${forecastKinds[kind].title(samples)}`,
    ...names.map((name) => {
      const { mean, standardError } = kinds[kind]![name]!;
      return formatWithError(mean, standardError, frameMetric(name).digits);
    }),
    ...(published.length === 0 ? [] : ['measured here']),
  ]);
  const others = published.map(({ model: other, values, source, isSecondHand = false }) => [
    other,
    ...names.map((name) => values[name]?.toFixed(frameMetric(name).digits) ?? '-'),
    `${source}${isSecondHand ? ' (second-hand)' : ''}`,
  ]);
  const titles = ['forecast', ...names.map((name) => frameMetric(name).title)];
  const align = `l${'r'.repeat(names.length)}`;
  if (published.length === 0) return makeTable(align, titles, ours);
  return makeTable(`${align}l`, [...titles, 'source'], [...ours, ...others]);
}

/** Returns lines of text on the protocol of a score: the frames given, read and predicted, and the clips. */
export function protocolLines(score: ShownProtocol): string[] {
  const { protocol, clips, clipsInSplit, starts, samples } = score;
  const { name, data, split, context, horizon, from, width, height, channels } = protocol;
  const title = name === null ? 'protocol of your own' : `protocol ${name}`;
  const frames = `${pluralize(context, 'frame')} given, ${horizon} predicted`;
  const place = from === null ? 'windows spread over each clip' : `from frame ${from}`;
  const size = `${width}x${height} in ${channels === 1 ? 'grey' : 'colour'}`;
  const part = clips.length < clipsInSplit ? `${clips.length} of ` : '';
  const drawn = `${pluralize(starts, 'window')}, ${pluralize(samples, 'sample')} of each`;
  return [
    `${title}: ${data}, ${frames}, ${size}, ${place}`,
    ...(name === null ? [] : [`split: ${split}`]),
    `given frames: ${framesReadText(score)}`,
    `scored: ${part}${pluralize(clipsInSplit, 'clip')}, ${drawn}`,
  ];
}

/** Returns the use that the model makes of the given frames, in words. */
function framesReadText({ protocol: { context }, framesRead }: ShownProtocol): string {
  if (framesRead === context) return `all ${context} are read`;
  const last = `of ${context} the model reads ${framesRead} at a time: the last ${framesRead}`;
  if (subsequencesFor(framesRead).length === 1) return last;
  return `${last}; further ahead, every second and every fourth of the given ones too`;
}

/** Returns lines of text on the columns and the published rows of `protocolTable`. */
export function protocolNotes(score: ShownProtocol): string[] {
  const { crossEntropy, metrics, protocol, published, publishedOf, samples } = score;
  const definitions = Object.values(metrics).map(({ title, definition }) => `${title}: ${definition}`);
  const best =
    samples > 1 ? [`best of ${samples}: for each metric the sample with the best mean over the horizon`] : [];
  const isTold = published.some(({ isSecondHand }) => isSecondHand);
  return [
    ...crossEntropyLines(crossEntropy),
    ...definitions,
    ...best,
    ...(published.length === 0 ? [] : [`published: ${publishedOf}`]),
    ...(isTold ? ['second-hand: read in another text than that of the people who measured it'] : []),
    ...protocol.differences.map((line) => `differs: ${line}`),
  ];
}

/** Returns lines of text on the cross-entropy of a score; none if it was not measured. */
function crossEntropyLines(crossEntropy: ShownProtocol['crossEntropy']): string[] {
  if (crossEntropy === null) return [];
  const { mean, standardError, published } = crossEntropy;
  return [
    `cross-entropy: ${formatWithError(mean, standardError, 2)} nats a frame with its grey levels, given the true ` +
      'frames before; no likelihood of levels',
    ...published.map(({ model, nats, source }) => `cross-entropy, published: ${nats.toFixed(1)}, ${model} (${source})`),
  ];
}
