import { basename } from 'node:path';
import { z } from 'zod';
import { forecasts as kindsOfForecast, type ForecastName } from '../evaluation/forecasts.js';
import type { ForecastsSummary } from '../evaluation/forecast-summary.js';
import { pluralize } from '../foundation/pluralize.js';
import type { Block } from '../document/blocks/index.js';
import type { Series } from '../document/blocks/series.js';
import { makeTable } from '../document/blocks/table.js';
import type { Section } from '../document/report.js';
import { invalidResultError, type SectionSource } from '../document/section-source.js';
import { protocolSection } from './protocol-section.js';
import { clipTable, forecastTables, summaryLines, type PrintedScore } from './score-tables.js';
import { BITS_NOTE, DECIBELS_NOTE } from '../document/notes.js';

/** Schema of a number; null stands for NaN, which JSON lacks. */
const figure = z.number().nullable();
const orNaN = figure.transform((value) => value ?? NaN);
const figures = z.array(orNaN);
const means = z.object({ mean: figures, standardError: figures });
const codecs = z.record(z.string(), figure).nullable();

/** Schema of the output of `pxv eval-video --json`, as far as a report shows it. */
const scoreSchema = z.object({
  model: z.string(),
  adapted: z.boolean(),
  samples: z.number(),
  bitsPerDim: z.number(),
  exact: z.boolean(),
  standardError: orNaN,
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
        codecs: z.object({ bitsPerDim: codecs, best: figure }).nullable(),
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

/** Source of report sections for the output of `pxv eval-video --json`. */
export const sectionSource: SectionSource<Section> = {
  reads: 'results',
  open({ path, json }) {
    const isScore = json !== undefined && 'clips' in json && 'baselines' in json && 'bitsPerDim' in json;
    if (isScore) return [scoreSection(path, json)];
    const isOfProtocol = json !== undefined && 'protocol' in json && 'kinds' in json;
    return isOfProtocol ? [protocolSection(path, json)] : null;
  },
  sections: (sections) => [...sections],
};

/**
 * Returns the report section of scored clips: bits/dim beside baselines, errors by horizon, and each clip.
 * @throws PxvError `INPUT` if `result` does not match the schema
 */
function scoreSection(path: string, result: object): Section {
  const parsed = scoreSchema.safeParse(result);
  if (!parsed.success) throw invalidResultError(path, 'a result of another version, or an incomplete one');
  const score = parsed.data as unknown as PrintedScore & { model: string };
  const { model, bitsPerDim, baselines, clips, exact, forecasts, frames, samples, standardError } = score;
  const spread = Number.isNaN(standardError) ? '' : ` +- ${standardError.toFixed(3)} over clips`;
  const best = forecasts?.kinds['best-guess'] ?? forecasts?.kinds.sample;
  const blocks: Block[] = [
    {
      kind: 'number',
      title: `bits/dim of ${model}`,
      value: `${exact ? '' : '<= '}${bitsPerDim.toFixed(3)}`,
      unit: 'bits/dim',
      note: `${BITS_NOTE}${spread}`,
    },
    {
      kind: 'number',
      title: 'fewer bits than the previous-frame baseline',
      value: `${(100 * (1 - bitsPerDim / baselines['previous-frame'])).toFixed(1)}%`,
      note: 'baseline: the previous frame, with the best fixed code for the differences',
    },
    {
      kind: 'number',
      title: 'clips scored',
      value: String(clips.length),
      note: `${pluralize(frames, 'frame')}, each given its true context`,
    },
    ...(best === undefined
      ? []
      : [
          {
            kind: 'number' as const,
            title: 'PSNR gain, 1 frame ahead',
            unit: 'dB',
            value: `${best.gain.mean[0] < 0 ? '' : '+'}${best.gain.mean[0].toFixed(2)}`,
            note: 'prediction over the last frame repeated',
          },
        ]),
    baselineTable(score),
    ...(forecasts === null ? [] : [horizonSeries(forecasts, samples)]),
    {
      ...clipTable(score, null),
      title: 'clips',
      note: "fewer bits: the share of the baseline's bits that the model does not need",
    },
    ...(forecasts === null ? [] : forecastTables(forecasts, samples).map((table) => ({ ...table, folded: true }))),
    { kind: 'text', title: 'summary', text: summaryLines(score).filter(Boolean).join('\n'), verbatim: true },
  ];
  return { title: `${basename(path)}: ${model} on ${pluralize(clips.length, 'clip')}`, blocks };
}

/** Returns the table of bits/dim of the model, baselines and codecs. */
function baselineTable({ bitsPerDim, baselines, codecs: each }: PrintedScore): Block {
  const rows = [
    ['model', bitsPerDim],
    ['previous-frame baseline', baselines['previous-frame']],
    ...Object.entries(each ?? {}).map(([name, bits]) => [`${name}, lossless`, bits] as const),
    ['uniform', baselines.uniform],
  ] as const;
  const shown = rows.map(([name, bits]) => {
    const ratio = bits === null || bits === 0 ? '-' : `${((100 * bitsPerDim) / bits).toFixed(0)}%`;
    return [name, bits === null ? 'failed' : bits.toFixed(3), ratio];
  });
  return {
    ...makeTable('lrr', ['coded by', 'bits/dim', "model's fraction"], shown),
    title: 'bits/dim beside baselines',
    note: BITS_NOTE,
  };
}

/** Returns the chart of PSNR gain in dB over the last frame repeated, by frames ahead. */
function horizonSeries({ trueChange, kinds }: ForecastsSummary, samples: number): Series {
  const names = Object.keys(kinds) as ForecastName[];
  const gains = (name: ForecastName) => kinds[name]!.gain.mean.map((gain, h) => [h + 1, gain] as const);
  const lines = names
    // The best and the worst sample bound the shaded band.
    .filter((name) => !['last-frame', 'best', 'worst'].includes(name))
    // The baseline that needs no model comes last.
    .sort((a, b) => Number(a === 'moved-last-frame') - Number(b === 'moved-last-frame'))
    .map((name) => ({ name: kindsOfForecast[name].title(samples), points: gains(name) }));
  const { sample, best, worst } = kinds;
  // Older files lack the worst sample.
  const [least, leastName] = worst === undefined ? [sample, 'one sample'] : [worst, 'worst'];
  return {
    kind: 'series',
    title: 'PSNR gain by frames ahead',
    x: { label: 'frames ahead', unit: 'whole', from: 1, to: Math.max(2, trueChange.length) },
    y: { label: 'PSNR gain over the last frame repeated (dB)' },
    lines: [...lines, { name: 'last frame repeated', points: trueChange.map((_, h) => [h + 1, 0]), role: 'baseline' }],
    ...(best &&
      least && {
        bands: [
          {
            name: `${leastName} to best of ${samples}`,
            points: trueChange.map((_, h) => [h + 1, least.gain.mean[h], best.gain.mean[h]]),
            look: lines.findIndex(({ name }) => name === kindsOfForecast.sample.title()),
          },
        ],
      }),
    note: `${DECIBELS_NOTE}${best ? '. The best and the worst sample are those of all frames ahead together' : ''}`,
  };
}
