import { basename } from 'node:path';
import type { Block } from '../document/blocks/index.js';
import type { Section } from '../document/report.js';
import { parseResult } from '../document/section-source.js';
import { forecasts, type ForecastName } from '../evaluation/forecasts.js';
import type { FrameMetricName } from '../evaluation/frame-metrics.js';
import {
  protocolLines,
  protocolNotes,
  protocolSchema,
  protocolTable,
  type PrintedProtocol,
} from './protocol-tables.js';

/**
 * Returns the report section of a score under a protocol: its table beside published results, and curves by horizon.
 * @throws PxvError `INPUT` if `result` does not match the schema
 */
export function protocolSection(path: string, result: object): Section {
  const score = parseResult(path, result, protocolSchema);
  const { model, protocol } = score;
  const metrics = Object.keys(score.metrics) as FrameMetricName[];
  const blocks: Block[] = [
    { ...protocolTable(score, model), title: `forecasts under ${protocol.name ?? 'a protocol of your own'}` },
    ...metrics.map((name) => curves(score, name)),
    {
      kind: 'text',
      title: 'protocol',
      text: [...protocolLines(score), ...protocolNotes(score)].join('\n'),
      verbatim: true,
    },
  ];
  return { title: `${basename(path)}: ${model}, ${protocol.name ?? 'own protocol'}`, blocks };
}

/** Returns the chart of a metric by frames ahead. */
function curves({ kinds, metrics, protocol, samples }: PrintedProtocol, name: FrameMetricName): Block {
  const { title, definition } = metrics[name]!;
  const lines = (Object.keys(kinds) as ForecastName[]).map((kind) => ({
    name: forecasts[kind].title(samples),
    points: kinds[kind]![name]!.byFrame.map((value, h) => [h + 1, value] as const),
    ...(kind === 'last-frame' && { role: 'baseline' as const }),
  }));
  return {
    kind: 'series',
    title: `${title} by frames ahead`,
    x: { label: 'frames ahead', unit: 'whole', from: 1, to: Math.max(2, protocol.horizon) },
    y: { label: title },
    lines,
    note: definition,
  };
}
