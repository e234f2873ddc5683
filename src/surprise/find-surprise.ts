import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { framesPerSecond } from '../foundation/frame-rate.js';
import { makeTemporaryFolder } from '../foundation/temporary-folder.js';
import { writeAtomically } from '../foundation/write-file.js';
import { resizeModel } from '../model/resize-model.js';
import { assertLikelihood, assertVideoModel, type Model } from '../model/model.js';
import type { AnomalyEvent } from '../anomaly/event-detector.js';
import { singleProcess } from '../distributed/process-group.js';
import { frameCosts, scoreAnomalies, type AnomalyOptions, type AnomalyState } from '../anomaly/score-anomalies.js';
import {
  assertFileOutput,
  assertNotInput,
  listInputFiles,
  concatenateVideos,
  outputKind,
  writeClip,
  writePng,
} from '../video/index.js';
import { keepAspectRatio, sizeWarning } from '../clips/open-clip-for-model.js';
import { rateWarning } from '../clips/clip-rate.js';
import { fitScoringBatch } from '../memory/memory-limits.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../options/fields.js';
import { findSurpriseFields } from './options.js';
import { SearchPainter } from './search-painter.js';
import { EVENT_COLUMNS, TIMELINE_COLUMNS, formatEventRow, formatTimelineRow } from './search-tables.js';
import {
  fitBaselineFromClips,
  openFrameSource,
  describeSearch,
  parseSeconds,
  type FrameSource,
} from './frame-source.js';
import { SearchCheckpoint, type SearchState, type TimelineRow } from './search-checkpoint.js';

/** Options for `findSurprise`, such as baseline, threshold, output and callbacks. @interface */
export type FindSurpriseOptions = OptionsOf<typeof findSurpriseFields>;

type Asked = ParsedOptions<typeof findSurpriseFields>;

/** Result of `findSurprise`: the anomaly scores and events of a clip. */
export interface SurpriseResult {
  /**
   * Path of the output: a folder with `film.mp4`, `timeline.png`, `timeline.csv` and `events.csv`, or the video alone.
   * Null if none was written.
   */
  path: string | null;
  /** Number of scored frames: all but the clip's first, the first seconds that `learn` names, and those dropped. */
  frames: number;
  /** Number of frames that were dropped, as they arrived faster than they were scored; see `dropLate`. */
  dropped: number;
  /** Frames per second, as the clip was read. */
  frameRate: number;
  /** Width of the scored frames, in pixels. */
  width: number;
  /** Height of the scored frames, in pixels. */
  height: number;
  /** Mean bits/dim over the scored frames. */
  bitsPerDim: number;
  /** Events, highest score first. */
  events: readonly AnomalyEvent[];
  /** Columns, one entry per scored frame: 0-based index in the clip, bits/dim and anomaly score. */
  timeline: { frame: number[]; bitsPerDim: number[]; score: number[] };
}

/** Files of an output folder. */
const FILES = ['film.mp4', 'timeline.csv', 'timeline.png', 'events.csv'];
/** Maximum batch size for recorded clips; live streams have batch size 1. */
const MAX_BATCH = 8;
/** Warning once frames of a stream are dropped. */
const DROP_WARNING =
  'frames are dropped, as they arrive faster than they are scored; a lower --fps, a smaller --size or model keeps up';
/** Seconds of work between checkpoints. */
const BETWEEN_PARTS = 5;

/**
 * Scores the frames of a clip for anomalies. If `out` is a folder, writes a video of frames beside heat maps of their
 * bits, the timeline and the events as CSV, and the timeline with the largest events as PNG. If `out` is a `.mp4`,
 * writes the video alone. Checkpoints go to `<out>.unfinished`, from which the same call resumes after an interruption.
 * In a process group only the main process writes.
 *
 * @param trained video model
 * @param source path of a clip, or bytes of a live video or raw stream
 * @throws PxvError `USAGE` if an option is invalid or `trained` is an image model; `INPUT` if a clip cannot be read or
 *   no frame is left to score; `OUTPUT` if the result cannot be written; `DEPENDENCY` if FFmpeg is needed and missing;
 *   `RESOURCES` if memory is short; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, findSurprise, loadModel } from 'pxv';
 *
 * await chooseBackend();
 * const { events } = await findSurprise(loadModel('video-64'), 'examples/asl_yes.mkv');
 * for (const event of events) console.log(event);
 * ```
 */
export async function findSurprise(
  trained: Model,
  source: string | AsyncIterable<Uint8Array>,
  asked: FindSurpriseOptions = {},
): Promise<SurpriseResult> {
  const options = parseOptions('find anomalies', findSurpriseFields, asked);
  assertVideoModel(trained, 'find anomalies');
  assertLikelihood(trained, 'find anomalies');
  const { processGroup = singleProcess } = options;
  const misused = errorFactory('USAGE', 'find anomalies');
  if (processGroup.size > 1 && typeof source !== 'string')
    throw misused('source', 'a file that all ranks can read', 'a stream', 'run it alone');
  const found = processGroup.isMainProcess ? await searchThrough(trained, source, options) : null;
  if (!processGroup.isMainProcess) await computeAlong(trained, source, options);
  return (await processGroup.broadcast(found))!;
}

async function searchThrough(trained: Model, source: string | AsyncIterable<Uint8Array>, options: Asked) {
  const { out, overwrite = false, onWarning, processGroup = singleProcess } = options;
  const read = [...(typeof source === 'string' ? [source] : []), ...(learnsFromClips(options) ? options.learn! : [])];
  const inputs = (await Promise.all(read.map(listInputFiles))).flat();
  const confirm = async () => out !== undefined && assertOutput(out, overwrite, inputs);
  await confirm();
  let dropped = 0;
  const onDrop = () => {
    if (dropped === 0) onWarning?.(DROP_WARNING);
    dropped++;
  };
  const opened = await openFrameSource(trained, source, { ...options, ...keepAspectRatio(trained, options) }, onDrop);
  const { size, frameRate } = opened;
  for (const warning of [sizeWarning(trained, size), rateWarning(trained, opened)])
    if (warning !== null) onWarning?.(warning);

  const temporary = out === undefined ? makeTemporaryFolder('pxv-') : null;
  const what = await describeSearch(trained, opened, options);
  const search = await SearchCheckpoint.open(temporary?.path ?? `${resolve(out!)}.unfinished`, what, overwrite);
  try {
    const batch = opened.isLive ? 1 : fitScoringBatch(resizeModel(trained, size), MAX_BATCH, true);
    await processGroup.broadcast<Begun>({ state: search.state, batch });
    const findings = await watch(trained, opened, search, { ...options, batch });
    const rows = search.rows();
    const rate = framesPerSecond(frameRate);
    const found = {
      path: out ?? null,
      frameRate: rate,
      ...size,
      frames: rows.length,
      dropped,
      events: findings.events,
      bitsPerDim: rows.reduce((sum, { bits }) => sum + bits, 0) / rows.length,
      timeline: {
        frame: rows.map(({ frame }) => frame),
        bitsPerDim: rows.map(({ bits }) => bits),
        score: rows.map(({ score }) => score),
      },
    };
    if (out !== undefined) {
      const film = (path: string) => concatenateVideos(path, search.films, frameRate);
      const folder = async (path: string) => {
        await mkdir(path);
        const [filmPath, timeline, picture, events] = FILES.map((name) => join(path, name));
        await film(filmPath);
        await pipeline(csvOf(rows, rate), createWriteStream(timeline));
        await writeFile(events, `${[EVENT_COLUMNS, ...findings.events.map(formatEventRow)].join('\n')}\n`);
        await writePng(picture, await findings.timeline(rows));
      };
      await writeAtomically(out, isVideoOutput(out) ? film : folder, { confirm });
    }
    search.remove();
    if (opened.warning !== null) onWarning?.(opened.warning);
    return found;
  } finally {
    search.close();
    temporary?.remove();
  }
}

/** State that the main process broadcasts before the search: the checkpoint and the batch size. */
type Begun = { state: Readonly<SearchState>; batch: number };

/** Runs the search of a rank that is not the main process: computes its share of frame costs. */
async function computeAlong(model: Model, source: string | AsyncIterable<Uint8Array>, options: Asked): Promise<void> {
  const opened = await openFrameSource(model, source, { ...options, ...keepAspectRatio(model, options) }, () => {});
  const { state, batch } = (await options.processGroup!.broadcast<Begun | null>(null))!;
  const settings = settingsOf(opened, { ...options, batch });
  if (learnsFromClips(options) && state.baseline === null)
    await fitBaselineFromClips(model, opened.size, options, settings);
  await exhaust(frameCosts(model, opened.frames(), { ...settings, from: state.surprise ?? undefined }));
}

/** Returns the options for scoring, without the fitted baseline. */
function settingsOf({ frameRate, isLive }: FrameSource, options: Asked & { batch: number }): AnomalyOptions {
  const { batch, processGroup, signal, keepFinished, threshold } = options;
  const stops = isLive && keepFinished ? undefined : signal;
  const source = { frameRate: framesPerSecond(frameRate), isRecorded: !isLive, signal: stops };
  return { ...source, batch, processGroup, threshold };
}

function learnsFromClips({ learn }: Asked): boolean {
  return learn !== undefined && parseSeconds(learn) === null;
}

/** Scores the remaining frames of the search, and commits a part every `BETWEEN_PARTS` seconds. */
async function watch(model: Model, source: FrameSource, search: SearchCheckpoint, options: Asked & { batch: number }) {
  const { size, frameRate, estimatedFrames } = source;
  const { out, onProgress, onFrame, onEvent } = options;
  const rate = framesPerSecond(frameRate);
  const settings = settingsOf(source, options);
  const seconds = parseSeconds(options.learn);
  if (learnsFromClips(options) && search.state.baseline === null)
    search.saveBaseline(await fitBaselineFromClips(model, size, options, settings));
  const { surprise: from, baseline } = search.state;
  const findings = new SearchPainter(rate, options.threshold, search.state, search.frames);
  const frames = findings.remembering(source.frames(), from?.index ?? -1, (done) =>
    onProgress?.({ what: 'watch', done, total: estimatedFrames }),
  );
  const learnFirst = seconds === null ? undefined : Math.round(seconds * rate);
  const comparison = { baseline: baseline ?? undefined, baselineFrames: learnFirst, from: from ?? undefined };
  const watched = scoreAnomalies(model, frames, { ...settings, ...comparison });
  try {
    let next = await watched.next();
    if (next.done && search.frames === 0) throw tooShort(source.path, seconds !== null);
    while (!next.done) {
      const began = performance.now();
      const rows: TimelineRow[] = [];
      let state: AnomalyState | null = null;
      async function* pictures(): AsyncGenerator<Frame, void> {
        while (!next.done && (rows.length === 0 || performance.now() - began < 1000 * BETWEEN_PARTS)) {
          const { index: frame, bits, score, box } = next.value;
          const row = { frame, bits, score, box };
          rows.push(row);
          const picture = await findings.add(next.value);
          onFrame?.(row, rate);
          for (const event of next.value.ended) onEvent?.(event, rate);
          yield picture;
          state = next.value.state();
          next = await watched.next();
        }
      }
      if (out === undefined) await exhaust(pictures());
      else await writeClip(search.nextPart, pictures(), { frameRate, signal: settings.signal });
      search.commit(rows, state, findings.meanMap);
    }
  } finally {
    await watched.return();
  }
  settings.signal?.throwIfAborted();
  return findings;
}

async function exhaust(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) void item;
}

/** Returns true if the output is a video alone. */
function isVideoOutput(out: string): boolean {
  return outputKind(out) === 'mp4';
}

/**
 * Checks that the output can be written.
 * @throws PxvError `OUTPUT` if other files exist there, or an earlier search without `overwrite`; `USAGE` if `out` is
 *   an input, or its extension is neither `.mp4` nor a folder's
 */
async function assertOutput(out: string, overwrite: boolean, inputs: readonly string[]): Promise<void> {
  const kind = outputKind(out);
  if (kind !== null && kind !== 'mp4' && kind !== 'folder')
    throw errorFactory('USAGE', 'find anomalies')(out, 'a folder or a .mp4', extname(out), 'choose another --out');
  await assertNotInput(out, inputs, { folderReplaced: true });
  if (isVideoOutput(out)) return assertFileOutput(out, { overwrite, operation: 'find anomalies' });
  const refused = errorFactory('OUTPUT', 'find anomalies');
  // Names in the folder; none if nothing is there, null if it is no folder.
  const names = await readdir(resolve(out)).catch(({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? [] : null));
  if (names === null) throw refused(out, 'a new folder', 'a file of that name', 'choose another --out');
  const foreign = names.find((name) => !FILES.includes(name));
  if (foreign !== undefined)
    throw refused(out, 'a new or empty folder, or an earlier search', `one with ${foreign}`, 'choose another --out');
  const problem = 'the folder holds an earlier search';
  const remedy = 'choose another --out, or replace it with --overwrite';
  if (names.length > 0 && !overwrite) throw refused(out, 'a new output', 'one that exists', remedy, { problem });
}

function* csvOf(rows: readonly TimelineRow[], rate: number): Generator<string> {
  yield `${TIMELINE_COLUMNS}\n`;
  for (const row of rows) yield `${formatTimelineRow(row, rate)}\n`;
}

function tooShort(path: string, learns: boolean): Error {
  const expected = learns ? 'two frames or more after the baseline' : 'two frames or more';
  return errorFactory('INPUT', 'find anomalies')(path, expected, 'fewer', 'give a longer clip');
}
