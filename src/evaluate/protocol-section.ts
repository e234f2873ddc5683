import { basename } from 'node:path';
import { z } from 'zod';
import type { Block } from '../document/blocks/index.js';
import type { Section } from '../document/report.js';
import { invalidResultError } from '../document/section-source.js';
import { forecasts, type ForecastName } from '../evaluation/forecasts.js';
import { frameMetrics, type FrameMetricName } from '../evaluation/frame-metrics.js';
import { protocolLines, protocolNotes, protocolTable, type PrintedProtocol } from './protocol-tables.js';

/** Schema of a number; null stands for NaN, which JSON lacks. */
const orNaN = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);
const names = <Name extends string>(registry: Record<Name, unknown>) => z.enum(Object.keys(registry) as [Name]);

/** Schema of the output of `pxv eval-video --protocol --json`, as far as a report shows it. */
const protocolSchema = z.object({
  model: z.string(),
  samples: z.number(),
  clipsInSplit: z.number(),
  starts: z.number(),
  framesRead: z.number(),
  protocol: z.object({
    name: z.string().nullable(),
    data: z.string(),
    split: z.string(),
    context: z.number(),
    horizon: z.number(),
    from: z.number().nullable(),
    width: z.number(),
    height: z.number(),
    channels: z.number(),
    differences: z.array(z.string()),
  }),
  metrics: z.partialRecord(names(frameMetrics), z.object({ title: z.string(), definition: z.string() })),
  kinds: z.partialRecord(
    names(forecasts),
    z.partialRecord(
      names(frameMetrics),
      z.object({ mean: orNaN, standardError: orNaN, byFrame: z.array(orNaN).min(1) }),
    ),
  ),
  clips: z.array(z.object({ name: z.string() })).min(1),
  crossEntropy: z
    .object({
      mean: z.number(),
      standardError: orNaN,
      published: z.array(z.object({ model: z.string(), nats: z.number(), source: z.string() })),
    })
    .nullable(),
  published: z.array(
    z.object({
      model: z.string(),
      values: z.partialRecord(names(frameMetrics), z.number()),
      source: z.string(),
      isSecondHand: z.boolean().optional(),
    }),
  ),
  publishedOf: z.string(),
});

/**
 * Returns the report section of a score under a protocol: its table beside published results, and curves by horizon.
 * @throws PxvError `INPUT` if `result` does not match the schema
 */
export function protocolSection(path: string, result: object): Section {
  const parsed = protocolSchema.safeParse(result);
  const score = parsed.data as unknown as (PrintedProtocol & { model: string }) | undefined;
  const metrics = Object.keys(score?.metrics ?? {}) as FrameMetricName[];
  const isWhole = Object.values(score?.kinds ?? {}).every((kind) => metrics.every((name) => kind[name] !== undefined));
  if (score === undefined || metrics.length === 0 || !isWhole)
    throw invalidResultError(path, 'a result of another version, or an incomplete one');
  const { model, protocol } = score;
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
