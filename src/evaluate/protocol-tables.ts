import { z } from 'zod';
import { subsequencesFor } from '../conditioning/context/history.js';
import { formatWithError } from '../document/format-with-error.js';
import { numberOrNaN } from '../document/section-source.js';
import { makeTable, type Table } from '../document/blocks/table.js';
import { forecasts, type ForecastName } from '../evaluation/forecasts.js';
import { frameMetric, frameMetrics, type FrameMetricName } from '../evaluation/frame-metrics.js';
import { pluralize } from '../foundation/pluralize.js';

const names = <Name extends string>(registry: Record<Name, unknown>) => z.enum(Object.keys(registry) as [Name]);

/** Schema of the output of `pxv eval-video --protocol --json`, as far as tables and reports show it. */
export const protocolSchema = z
  .object({
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
        z.object({ mean: numberOrNaN, standardError: numberOrNaN, byFrame: z.array(numberOrNaN).min(1) }),
      ),
    ),
    clips: z.array(z.object({ name: z.string() })).min(1),
    crossEntropy: z
      .object({
        mean: z.number(),
        standardError: numberOrNaN,
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
  })
  .refine(({ metrics, kinds }) => {
    const names = Object.keys(metrics) as FrameMetricName[];
    return names.length > 0 && Object.values(kinds).every((kind) => names.every((name) => name in kind));
  });

/** Part of a `ProtocolScore` that tables and reports show. */
export type PrintedProtocol = Omit<z.infer<typeof protocolSchema>, 'model'>;

/**
 * Returns the table of a score under a protocol: a row for each kind of forecast, with standard errors over clips, then
 * a row for each published result with its source.
 */
export function protocolTable({ kinds, metrics, samples, published }: PrintedProtocol, model: string): Table {
  const names = Object.keys(metrics) as FrameMetricName[];
  const ours = (Object.keys(kinds) as ForecastName[]).map((kind) => [
    `${kind === 'last-frame' ? '' : `${model}, `}${forecasts[kind].title(samples)}`,
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
export function protocolLines(score: PrintedProtocol): string[] {
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
function framesReadText({ protocol: { context }, framesRead }: PrintedProtocol): string {
  if (framesRead === context) return `all ${context} are read`;
  const last = `of ${context} the model reads ${framesRead} at a time: the last ${framesRead}`;
  if (subsequencesFor(framesRead).length === 1) return last;
  return `${last}; further ahead, every second and every fourth of the given ones too`;
}

/** Returns lines of text on the columns and the published rows of `protocolTable`. */
export function protocolNotes(score: PrintedProtocol): string[] {
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
function crossEntropyLines(crossEntropy: PrintedProtocol['crossEntropy']): string[] {
  if (crossEntropy === null) return [];
  const { mean, standardError, published } = crossEntropy;
  return [
    `cross-entropy: ${formatWithError(mean, standardError, 2)} nats a frame with its grey levels, given the true ` +
      'frames before; no likelihood of levels',
    ...published.map(({ model, nats, source }) => `cross-entropy, published: ${nats.toFixed(1)}, ${model} (${source})`),
  ];
}
