import { z } from 'zod';
import { formatFewerBits } from '../evaluation/baselines.js';
import { forecasts as kindsOfForecast, type ForecastName } from '../evaluation/forecasts.js';
import type { ForecastsSummary, ForecastSummary, MeanOverClips } from '../evaluation/forecast-summary.js';
import type { Size } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { makeTable, type Table } from '../document/blocks/table.js';
import { formatWithError } from '../document/format-with-error.js';
import { numberOrNaN } from '../document/section-source.js';

const figures = z.array(numberOrNaN);
const means = z.object({ mean: figures, standardError: figures });
const codecs = z.record(z.string(), z.number().nullable()).nullable();

/** Schema of the output of `pxv eval-video --json`, as far as tables and reports show it. */
export const scoreSchema = z.object({
  model: z.string(),
  adapted: z.boolean(),
  samples: z.number(),
  bitsPerDim: z.number(),
  exact: z.boolean(),
  standardError: numberOrNaN,
  dimensions: z.number(),
  frames: z.number(),
  baselines: z.object({ uniform: z.number(), 'previous-frame': z.number(), 'lossless-codec': z.number().optional() }),
  anchors: z.object({ ...means.shape, labels: z.array(z.string()) }),
  codecs,
  clips: z
    .array(
      z.object({
        name: z.string(),
        width: z.number(),
        height: z.number(),
        frames: z.number(),
        bitsPerDim: z.number(),
        previousFrameBitsPerDim: z.number(),
        codecs: z.object({ bitsPerDim: codecs, best: z.number().nullable() }).nullable(),
      }),
    )
    .min(1),
  forecasts: z
    .object({
      clips: z.number(),
      starts: z.number(),
      trueChange: figures,
      kinds: z.partialRecord(
        z.enum(Object.keys(kindsOfForecast) as ForecastName[]),
        z.object({
          meanSquaredError: figures,
          psnr: figures,
          ssim: figures.nullable(),
          gain: means,
          wins: figures,
          change: figures,
          changeRatio: figures,
        }),
      ),
    })
    .refine(({ trueChange, kinds }) => {
      const lists = Object.values(kinds).flatMap(({ gain, ssim, ...others }) => [
        ...[...Object.values(others), ...Object.values(gain)],
        ...(ssim === null ? [] : [ssim]),
      ]);
      return 'last-frame' in kinds && lists.every(({ length }) => length === trueChange.length && length > 0);
    })
    .nullable(),
});

/** Part of a `VideoScore` that tables and reports show. */
export type PrintedScore = Omit<z.infer<typeof scoreSchema>, 'model'>;

/**
 * Returns the table of each clip's bits/dim beside baselines, with a last row for all clips.
 * @param own size of the model's images, null if unknown. If all clips were scored at this size, the table has no
 *   column of sizes
 */
export function clipTable({ clips, bitsPerDim, baselines, frames, codecs }: PrintedScore, own: Size | null): Table {
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
 * Returns lines of text on the score of all clips: bits/dim, baselines, PSNR gain of the expected frame over the frame
 * before, and lossless codecs. A line that does not apply is false.
 */
export function summaryLines(score: PrintedScore): (string | false)[] {
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
    nearer.length > 0 && `expected frame, one step ahead, over the frame before: ${nearer.join(', ')} dB`,
    each.length > 0 && `lossless codecs: ${each.join(', ')}`,
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
  const titlesOf = (of: ForecastName[]) => of.map((name) => kindsOfForecast[name].title(samples));
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
