import { basename } from 'node:path';
import { formatFewerBits } from '../evaluation/baselines.js';
import { forecasts as kindsOfForecast, type ForecastName } from '../evaluation/forecasts.js';
import type { ForecastsSummary } from '../evaluation/forecast-summary.js';
import { pluralize } from '../foundation/pluralize.js';
import type { Block } from '../document/blocks/index.js';
import { makeNumber } from '../document/blocks/number.js';
import type { Series } from '../document/blocks/series.js';
import { makeTable } from '../document/blocks/table.js';
import { formatSigned } from '../document/format-with-error.js';
import type { Section } from '../document/report.js';
import { parseResult, type SectionSource } from '../document/section-source.js';
import { protocolSection } from './protocol-section.js';
import { clipTable, forecastTables, scoreSchema, summaryLines, type PrintedScore } from './score-tables.js';
import { BITS_NOTE, DECIBELS_NOTE } from '../document/notes.js';

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
  const score = parseResult(path, result, scoreSchema);
  const { model, bitsPerDim, baselines, clips, exact, forecasts, frames, samples, standardError } = score;
  const spread = Number.isNaN(standardError) ? '' : ` +- ${standardError.toFixed(3)} over clips`;
  const note = `${BITS_NOTE}${spread}`;
  const gain = (forecasts?.kinds['best-guess'] ?? forecasts?.kinds.sample)?.gain.mean[0];
  const blocks: Block[] = [
    makeNumber(`bits/dim of ${model}`, `${exact ? '' : '<= '}${bitsPerDim.toFixed(3)}`, note, 'bits/dim'),
    makeNumber(
      'fewer bits than the previous-frame baseline',
      formatFewerBits(bitsPerDim, baselines['previous-frame']),
      'baseline: the previous frame, with the best fixed code for the differences',
    ),
    makeNumber('clips scored', String(clips.length), `${pluralize(frames, 'frame')}, each given its true context`),
    ...(gain === undefined
      ? []
      : [makeNumber('PSNR gain, 1 frame ahead', formatSigned(gain), 'prediction over the last frame repeated', 'dB')]),
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
