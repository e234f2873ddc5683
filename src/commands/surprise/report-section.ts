import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { formatClock } from '../../foundation/format-clock.js';
import { errorFactory } from '../../foundation/errors.js';
import type { Frame } from '../../foundation/frame.js';
import { pluralize } from '../../foundation/pluralize.js';
import type { Block } from '../../document/blocks/index.js';
import { makeNumber } from '../../document/blocks/number.js';
import { makeTable, type Table } from '../../document/blocks/table.js';
import type { Axis } from '../../document/chart.js';
import type { Section } from '../../document/report.js';
import { parseResult, type SectionSource } from '../../document/section-source.js';
import type { AnomalyEvent } from '../../anomaly/event-detector.js';
import { openClip } from '../../video/index.js';
import { EVENT_COLUMNS, TIMELINE_COLUMNS } from './search-tables.js';
import { BITS_NOTE } from '../../document/notes.js';

/** Maximum number of events shown. */
const SHOWN = 8;
/** Meaning of an anomaly score. */
const SCORE_NOTE =
  'seen where nothing happens: 1 every 9 seconds, 2 every 2 minutes, 3 every quarter of an hour, 5 daily';
/** Maximum width and height of an event's frame, in pixels. */
const PICTURE = 480;

const boxSchema = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
/** Schema of the output of `pxv surprise --json`: the keys that a report shows. */
const findingsSchema = z
  .object({
    model: z.string().optional(),
    frameRate: z.number().positive(),
    events: z.array(
      z.object({ from: z.number(), to: z.number(), peak: z.number(), score: z.number(), box: boxSchema }),
    ),
    timeline: z.object({
      frame: z.array(z.number()).min(1),
      bitsPerDim: z.array(z.number()),
      score: z.array(z.number()),
    }),
  })
  .refine(({ timeline: { frame, ...others } }) => Object.values(others).every(({ length }) => length === frame.length));
type ToldFindings = z.infer<typeof findingsSchema>;

/** Report sections from results of `pxv surprise`: a JSON file or an output folder. Items make sections lazily. */
export const sectionSource: SectionSource<() => Promise<Section>> = {
  reads: 'results',
  open({ path, id, names, json }) {
    if (['film.mp4', 'timeline.csv', 'events.csv'].every((name) => names?.includes(name)))
      return [() => searchSection(path, id)];
    if (json === undefined || !('events' in json && 'timeline' in json)) return null;
    const found = parseResult(path, json, findingsSchema);
    const by = found.model === undefined ? '' : `, by ${found.model}`;
    const section = sectionOf(`${basename(path)}: anomalies${by}`, found, []);
    return [() => Promise.resolve(section)];
  },
  async sections(items) {
    const sections: Section[] = [];
    for (const make of items) sections.push(await make());
    return sections;
  },
};

/** Returns a table of events: times, score and region. @param frameRate frames per second */
export function eventTable(events: readonly AnomalyEvent[], frameRate: number): Table {
  const time = (frame: number) => formatClock(frame / frameRate);
  const rows = events.map(({ from, to, score, box: { x, y, width, height } }) => [
    ...[time(from), time(to), score.toFixed(1)],
    `${width}x${height} at ${x},${y}`,
  ]);
  return makeTable('llrl', ['from', 'to', 'score', 'where'], rows);
}

/**
 * Makes the section of a search from its output folder, with frames of the largest events from the video.
 * @param id prefix of the ids of events
 * @throws PxvError `INPUT` if the timeline or the video cannot be read
 */
async function searchSection(folder: string, id: string): Promise<Section> {
  const found = await readTables(folder);
  // Dropped frames have no row, and are not in the film.
  const peaks = found.events.slice(0, SHOWN).map(({ peak }) => found.timeline.frame.indexOf(peak));
  const film = await openClip(join(folder, 'film.mp4'), {
    size: { within: { width: PICTURE, height: PICTURE } },
    channels: 3,
  });
  const pictures = new Map<number, Frame>();
  let index = 0;
  for await (const frame of film.frames()) {
    if (peaks.includes(index)) pictures.set(index, frame);
    if (index++ >= Math.max(...peaks)) break;
  }
  const shown = peaks.map((peak) => pictures.get(peak) ?? null);
  return sectionOf(`${folder}: anomalies`, found, shown, id);
}

/** Makes the section of a search. @param pictures frames of the largest events; null: no frame */
function sectionOf(title: string, found: ToldFindings, pictures: readonly (Frame | null)[], id = ''): Section {
  const { frameRate, events, timeline } = found;
  const shown = events.slice(0, SHOWN);
  const time = (frame: number) => formatClock(frame / frameRate);
  const marks = shown.map(({ peak, score }, at) => ({
    x: peak / frameRate,
    label: String(at + 1),
    name: `${time(peak)}, score ${score.toFixed(1)}`,
    id: pictures[at] ? `${id}-event-${at + 1}` : undefined,
  }));
  const overTime = (name: string, values: readonly number[]) => {
    const points = timeline.frame.map((frame, at) => [frame / frameRate, values[at]] as const);
    return { name, points: points.filter(([, value]) => Number.isFinite(value)) };
  };
  // Frames may score without an event.
  const largest = timeline.score.reduce((most, score) => (score > most ? score : most), 0);
  const x: Axis = { label: 'time', unit: 'seconds' };
  const leads = pictures.some((picture) => picture !== null);
  const blocks: Block[] = [
    makeNumber(
      'frames scored',
      String(timeline.frame.length),
      `${pluralize(Math.round(100 * frameRate) / 100, 'frame')} per second`,
    ),
    makeNumber('bits/dim of a frame', mean(timeline.bitsPerDim).toFixed(3), BITS_NOTE, 'bits/dim'),
    makeNumber('largest score', largest.toFixed(1), SCORE_NOTE),
    {
      kind: 'series',
      title: 'anomaly score of each frame',
      x,
      y: { label: 'score', from: 0 },
      marks,
      lines: [overTime('score', timeline.score)],
      note: `numbers mark the largest events${leads ? ', and lead to their pictures' : ''}`,
    },
    ...shown.flatMap(({ peak, score }, at): Block[] => {
      const frame = pictures[at];
      if (!frame) return [];
      const told = `score ${score.toFixed(1)}; left the frame, right where its bits are`;
      return [{ kind: 'picture', id: marks[at].id!, title: `${at + 1}. ${time(peak)}`, frame, note: told }];
    }),
    {
      kind: 'series',
      title: 'bits/dim of each frame',
      x,
      y: { label: 'bits/dim', from: 0 },
      lines: [overTime('bits/dim', timeline.bitsPerDim)],
      note: BITS_NOTE,
    },
    {
      ...eventTable(events, frameRate),
      title: 'events, the largest first',
      note: 'where: pixels from the top left',
    },
  ];
  return { title, blocks };
}

/** Reads the timeline and the events of an output folder. @throws PxvError `INPUT` if a file is no such table */
async function readTables(folder: string): Promise<ToldFindings> {
  const timeline = await readTable(join(folder, 'timeline.csv'), TIMELINE_COLUMNS);
  const events = await readTable(join(folder, 'events.csv'), EVENT_COLUMNS);
  const last = timeline.at(-1);
  if (last === undefined || !(last[1] > 0)) throw noTable(join(folder, 'timeline.csv'), TIMELINE_COLUMNS);
  const column = (at: number) => timeline.map((row) => row[at]);
  return {
    frameRate: last[0] / last[1],
    events: events.map(([from, to, peak, score, x, y, width, height]) => {
      return { from, to, peak, score, box: { x, y, width, height } };
    }),
    timeline: { frame: column(0), bitsPerDim: column(2), score: column(3) },
  };
}

/**
 * Reads a CSV file of numbers.
 * @param columns header that the file must have, titles separated by commas
 * @throws PxvError `INPUT` if the header differs, or a row has another number of columns or a value that is no number
 */
async function readTable(path: string, columns: string): Promise<number[][]> {
  const [titles, ...lines] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const rows = lines.map((line) => line.split(',').map(Number));
  const isRow = (row: readonly number[]) => row.length === columns.split(',').length && row.every(Number.isFinite);
  if (titles !== columns || !rows.every(isRow)) throw noTable(path, columns);
  return rows;
}

function noTable(path: string, columns: string): Error {
  const remedy = 'give a folder that pxv surprise wrote';
  return errorFactory('INPUT', 'write report')(path, `rows of ${columns}`, 'something else', remedy);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
