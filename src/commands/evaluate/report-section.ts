import { basename } from 'node:path';
import { z } from 'zod';
import type { Block } from '../../document/blocks/index.js';
import { makeNumber } from '../../document/blocks/number.js';
import type { Series } from '../../document/blocks/series.js';
import { makeTable } from '../../document/blocks/table.js';
import { makeLines } from '../../document/blocks/text.js';
import { formatSigned } from '../../document/format-with-error.js';
import { framesAhead, makeGainChart } from '../../document/gain-chart.js';
import { BITS_NOTE } from '../../document/notes.js';
import type { Section } from '../../document/report.js';
import { parseResult, type SectionSource } from '../../document/section-source.js';
import { formatFewerBits } from '../../evaluation/baselines.js';
import { forecasts as forecastKinds, type ForecastName } from '../../evaluation/forecasts.js';
import type { FrameMetricName } from '../../evaluation/frame-metrics.js';
import { pluralize } from '../../foundation/pluralize.js';
import { clipsSummarySchema, protocolSummarySchema, type ForecastsSummary } from './score-results.js';
import {
  clipTable,
  forecastTables,
  protocolLines,
  protocolNotes,
  protocolTable,
  summaryLines,
  type ShownProtocol,
  type ShownScore,
} from './score-tables.js';

/** Schema of the output of `pxv eval-video --json`, as far as reports show it. */
const scoreSchema = clipsSummarySchema.extend({ model: z.string(), adapted: z.boolean(), samples: z.number() });

/** Schema of the output of `pxv eval-video --protocol --json`, as far as reports show it. */
const protocolSchema = protocolSummarySchema
  .extend({ model: z.string(), samples: z.number(), clipsInSplit: z.number() })
  .refine(({ metrics, kinds }) => {
    const names = Object.keys(metrics) as FrameMetricName[];
    return names.length > 0 && Object.values(kinds).every((kind) => names.every((name) => name in kind));
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
    makeLines('summary', summaryLines(score)),
  ];
  return { title: `${basename(path)}: ${model} on ${pluralize(clips.length, 'clip')}`, blocks };
}

/** Returns the table of bits/dim of the model, baselines and codecs. */
function baselineTable({ bitsPerDim, baselines, codecs: each }: ShownScore): Block {
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
    .map((name) => ({ name: forecastKinds[name].title(samples), points: gains(name) }));
  const { best, worst } = kinds;
  const band = best &&
    worst && {
      name: `worst to best of ${samples}`,
      points: trueChange.map((_, h) => [h + 1, worst.gain.mean[h], best.gain.mean[h]] as const),
      look: lines.findIndex(({ name }) => name === forecastKinds.sample.title()),
    };
  const note = best && '. The best and the worst sample are those of all frames ahead together';
  return makeGainChart(trueChange.length, lines, band, note);
}

/**
 * Returns the report section of a score under a protocol: its table beside published results, and curves by horizon.
 * @throws PxvError `INPUT` if `result` does not match the schema
 */
function protocolSection(path: string, result: object): Section {
  const score = parseResult(path, result, protocolSchema);
  const { model, protocol } = score;
  const metrics = Object.keys(score.metrics) as FrameMetricName[];
  const blocks: Block[] = [
    { ...protocolTable(score, model), title: `forecasts under ${protocol.name ?? 'a protocol of your own'}` },
    ...metrics.map((name) => curves(score, name)),
    makeLines('protocol', [...protocolLines(score), ...protocolNotes(score)]),
  ];
  return { title: `${basename(path)}: ${model}, ${protocol.name ?? 'own protocol'}`, blocks };
}

/** Returns the chart of a metric by frames ahead. */
function curves({ kinds, metrics, protocol, samples }: ShownProtocol, name: FrameMetricName): Series {
  const { title, definition } = metrics[name]!;
  const lines = (Object.keys(kinds) as ForecastName[]).map((kind) => ({
    name: forecastKinds[kind].title(samples),
    points: kinds[kind]![name]!.byFrame.map((value, h) => [h + 1, value] as const),
    ...(kind === 'last-frame' && { role: 'baseline' as const }),
  }));
  return {
    kind: 'series',
    title: `${title} by frames ahead`,
    x: framesAhead(protocol.horizon),
    y: { label: title },
    lines,
    note: definition,
  };
}
