import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorFactory } from '../../foundation/errors.js';
import { framesPerSecond, type FrameRate } from '../../foundation/frame-rate.js';
import { writeAtomically } from '../../foundation/write-file.js';
import { assertFileOutput, assertNotInput, concatenateVideos, outputKind, writePng } from '../../video/index.js';
import type { SearchCheckpoint, TimelineRow } from './search-checkpoint.js';
import type { SearchPainter } from './search-painter.js';
import { EVENT_COLUMNS, TIMELINE_COLUMNS, formatEventRow, formatTimelineRow } from './search-tables.js';

/** Files of an output folder. */
const files = { film: 'film.mp4', timeline: 'timeline.csv', picture: 'timeline.png', events: 'events.csv' } as const;

/**
 * Writes the output of a finished search atomically: a folder, or the video alone if `out` is a `.mp4`.
 * @param confirm called right before `out` is replaced; throws if it must not be
 */
export async function writeSearchOutput(
  out: string,
  search: SearchCheckpoint,
  painter: SearchPainter,
  frameRate: FrameRate,
  confirm: () => Promise<void>,
): Promise<void> {
  const writeFilm = (path: string) => concatenateVideos(path, search.films, frameRate);
  const writeFolder = async (folder: string) => {
    await mkdir(folder);
    await writeFilm(join(folder, files.film));
    const rows = search.rows();
    const timeline = timelineLines(rows, framesPerSecond(frameRate));
    await pipeline(timeline, createWriteStream(join(folder, files.timeline)));
    const events = [EVENT_COLUMNS, ...painter.events.map(formatEventRow)];
    await writeFile(join(folder, files.events), `${events.join('\n')}\n`);
    await writePng(join(folder, files.picture), await painter.timeline(rows));
  };
  await writeAtomically(out, isVideoOutput(out) ? writeFilm : writeFolder, { confirm });
}

/**
 * Checks that the output of a search can be written.
 * @param inputs files that the search reads
 * @throws PxvError `OUTPUT` if other files exist there, or an earlier search without `overwrite`; `USAGE` if `out` is
 *   an input, or its extension is neither `.mp4` nor a folder's
 */
export async function assertSearchOutput(out: string, overwrite: boolean, inputs: readonly string[]): Promise<void> {
  const kind = outputKind(out);
  if (kind !== null && kind !== 'mp4' && kind !== 'folder')
    throw errorFactory('USAGE', 'find anomalies')(out, 'a folder or a .mp4', extname(out), 'choose another --out');
  await assertNotInput(out, inputs, { folderReplaced: true });
  if (isVideoOutput(out)) return assertFileOutput(out, { overwrite, operation: 'find anomalies' });
  const refused = errorFactory('OUTPUT', 'find anomalies');
  // Names in the folder; none if nothing is there, null if it is no folder.
  const names = await readdir(resolve(out)).catch(({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? [] : null));
  if (names === null) throw refused(out, 'a new folder', 'a file of that name', 'choose another --out');
  const foreign = names.find((name) => !Object.values<string>(files).includes(name));
  if (foreign !== undefined)
    throw refused(out, 'a new or empty folder, or an earlier search', `one with ${foreign}`, 'choose another --out');
  const problem = 'the folder holds an earlier search';
  const remedy = 'choose another --out, or replace it with --overwrite';
  if (names.length > 0 && !overwrite) throw refused(out, 'a new output', 'one that exists', remedy, { problem });
}

/** Returns true if the output is a video alone. */
function isVideoOutput(out: string): boolean {
  return outputKind(out) === 'mp4';
}

function* timelineLines(rows: readonly TimelineRow[], rate: number): Generator<string> {
  yield `${TIMELINE_COLUMNS}\n`;
  for (const row of rows) yield `${formatTimelineRow(row, rate)}\n`;
}
