import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { framesPerSecond } from '../foundation/frame-rate.js';
import { makeTemporaryFolder } from '../foundation/temporary-folder.js';
import { writeAtomically } from '../foundation/write-file.js';
import { resizeModel } from '../model/resize-model.js';
import type { Model } from '../model/model.js';
import type { AnomalyEvent } from '../anomaly/event-detector.js';
import { singleProcess } from '../distributed/process-group.js';
import { frameCosts, scoreAnomalies, type AnomalyOptions, type AnomalyState } from '../anomaly/score-anomalies.js';
import { assertNotInput, listInputFiles, concatenateVideos, outputKind, writeClip, writePng } from '../video/index.js';
import { keepAspectRatio, sizeWarning } from '../clips/open-clip-for-model.js';
import { rateWarning } from '../clips/clip-rate.js';
import { assertVideoModel } from '../model/assert-model-kind.js';
import { fitScoringBatch } from '../memory/memory-limits.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../options/fields.js';
import { findSurpriseFields } from './options.js';
import { SearchPictures, TIMELINE_COLUMNS, formatTimelineRow } from './search-pictures.js';
import {
  fitBaselineFromClips,
  openFrameSource,
  describeSearch,
  parseSeconds,
  type FrameSource,
} from './frame-source.js';
import { SearchCheckpoint, type SearchState, type TimelineRow } from './search-checkpoint.js';

/** How `findSurprise` looks, and where it writes. */
export type FindSurpriseOptions = OptionsOf<typeof findSurpriseFields>;

type Asked = ParsedOptions<typeof findSurpriseFields>;

/** What `findSurprise` found. */
export interface FoundSurprise {
  /** What was written: a folder with `film.mp4`, `timeline.png`, `timeline.csv`, or the film alone; null: nothing. */
  path: string | null;
  /** Frames that were looked at: not the first, nor those that were learned from. */
  frames: number;
  /** Frames a second, as the clip was read. */
  frameRate: number;
  /** Pixels in a row of a frame, as the model sees it. */
  width: number;
  /** Rows of pixels. */
  height: number;
  /** Mean over all of them. */
  bitsPerDim: number;
  /** The largest first. */
  events: readonly AnomalyEvent[];
  /** Of each frame that was looked at: its index in the clip, what it cost, and its score. */
  timeline: { frame: number[]; bitsPerDim: number[]; score: number[] };
}

/** What is written to a folder. */
const FILES = ['film.mp4', 'timeline.csv', 'timeline.png'];
/** Frames computed together, where nobody waits for them. */
const TOGETHER = 8;
/** Seconds of work after which what was found is kept. */
const BETWEEN_PARTS = 5;

/**
 * Looks through a clip for what was unexpected. Writes a film of its frames beside their bits, the timeline, and a picture of it with the
 * moments that stood out. What is found is kept as it goes in `<out>.unfinished`, from where the same call goes on after an interruption.
 * Of several ranks the first alone writes.
 *
 * @param source path of a clip, or bytes of a film or of raw frames, which is looked at as it comes; an aborted signal is its end
 * @throws PxvError `USAGE` where an option is wrong or the model is one of images; `INPUT` where a clip cannot be read, or nothing is left to look at; `OUTPUT`
 *   where the result cannot be written; the signal's reason where it is aborted
 */
export async function findSurprise(
  trained: Model,
  source: string | AsyncIterable<Uint8Array>,
  asked: FindSurpriseOptions,
): Promise<FoundSurprise> {
  const options = parseOptions('find surprise', findSurpriseFields, asked);
  assertVideoModel(trained, 'find surprise');
  const { processGroup = singleProcess } = options;
  if (processGroup.size > 1 && typeof source !== 'string')
    throw errorFactory('USAGE', 'find surprise')(
      'source',
      'a clip that all ranks can read',
      'a stream',
      'run it alone',
    );
  const found = processGroup.isMainProcess ? await searchThrough(trained, source, options) : null;
  if (!processGroup.isMainProcess) await computeAlong(trained, source, options);
  return (await processGroup.broadcast(found))!;
}

async function searchThrough(
  trained: Model,
  source: string | AsyncIterable<Uint8Array>,
  options: Asked,
): Promise<FoundSurprise> {
  const { out, overwrite = false, onWarning, processGroup = singleProcess } = options;
  const inputs = typeof source === 'string' ? await listInputFiles(source) : [];
  const confirm = async () => out !== undefined && expectPlace(out, overwrite, inputs);
  await confirm();
  const opened = await openFrameSource(trained, source, { ...options, ...keepAspectRatio(trained, options) });
  const { size, frameRate } = opened;
  for (const warning of [sizeWarning(trained, size), rateWarning(trained, opened)])
    if (warning !== null) onWarning?.(warning);

  const temporary = out === undefined ? makeTemporaryFolder('pxv-') : null;
  const what = await describeSearch(trained, opened, options);
  const search = await SearchCheckpoint.open(temporary?.path ?? `${resolve(out!)}.unfinished`, what, overwrite);
  try {
    const batch = opened.isLive ? 1 : fitScoringBatch(resizeModel(trained, size), TOGETHER, true);
    await processGroup.broadcast<Begun>({ state: search.state, batch });
    const findings = await watch(trained, opened, search, { ...options, batch });
    const rows = search.rows();
    const rate = framesPerSecond(frameRate);
    const { width, height } = size;
    const found = {
      ...{ path: out ?? null, frameRate: rate, width, height, frames: rows.length, events: findings.events },
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
        const [filmPath, timeline, picture] = FILES.map((name) => join(path, name));
        await film(filmPath);
        await pipeline(csvOf(rows, rate), createWriteStream(timeline));
        await writePng(picture, await findings.timeline(rows));
      };
      await writeAtomically(out, isFilm(out) ? film : folder, { confirm });
    }
    search.remove();
    if (opened.warning() !== null) onWarning?.(opened.warning()!);
    return found;
  } finally {
    search.close();
    temporary?.remove();
  }
}

/** What other ranks learn of the first: where it begins, and how many frames are computed together. */
interface Begun {
  state: Readonly<SearchState>;
  batch: number;
}

/** What a rank does that is not the first: it computes its part of what the first asks for. */
async function computeAlong(model: Model, source: string | AsyncIterable<Uint8Array>, options: Asked): Promise<void> {
  const opened = await openFrameSource(model, source, { ...options, ...keepAspectRatio(model, options) });
  const { state, batch } = (await options.processGroup!.broadcast<Begun | null>(null))!;
  const settings = settingsOf(opened, { ...options, batch });
  if (learnsFromClips(options) && state.baseline === null)
    await fitBaselineFromClips(model, opened.size, options, settings);
  await exhaust(frameCosts(model, opened.frames(), { ...settings, from: state.surprise ?? undefined }));
}

/** How frames are compared with what is usual, but for what that is. */
function settingsOf(
  { frameRate, isLive }: FrameSource,
  { batch, processGroup, signal }: Pick<AnomalyOptions, 'batch' | 'processGroup' | 'signal'>,
): AnomalyOptions {
  return { frameRate: framesPerSecond(frameRate), batch, processGroup, signal: isLive ? undefined : signal };
}

function learnsFromClips({ learn }: Asked): boolean {
  return learn !== undefined && parseSeconds(learn) === null;
}

/** Looks at what the search has not seen yet, part after part. */
async function watch(
  model: Model,
  source: FrameSource,
  search: SearchCheckpoint,
  options: Asked & { batch: number },
): Promise<SearchPictures> {
  const { size, frameRate, estimatedFrames } = source;
  const { out, onProgress, onFrame } = options;
  const rate = framesPerSecond(frameRate);
  const settings = settingsOf(source, options);
  const seconds = parseSeconds(options.learn);
  if (learnsFromClips(options) && search.state.baseline === null)
    search.saveBaseline(await fitBaselineFromClips(model, size, options, settings));
  const { surprise: from, baseline } = search.state;
  const findings = new SearchPictures(rate, search.state, search.frames);
  const frames = findings.remembering(source.frames(), from?.index ?? -1);
  const learnFirst = seconds === null ? undefined : Math.max(2, Math.round(seconds * rate));
  const comparison = { baseline: baseline ?? undefined, baselineFrames: learnFirst, from: from ?? undefined };
  const watched = scoreAnomalies(model, frames, { ...settings, ...comparison });
  try {
    let next = await watched.next();
    if (next.done && search.frames === 0) throw tooShort(source.name, seconds !== null);
    while (!next.done) {
      const began = performance.now();
      const rows: TimelineRow[] = [];
      let state: AnomalyState | null = null;
      async function* pictures(): AsyncGenerator<Frame, void> {
        while (!next.done && performance.now() - began < 1000 * BETWEEN_PARTS) {
          const { index: frame, bits, score, box } = next.value;
          const row = { frame, bits, score, box };
          rows.push(row);
          const picture = await findings.add(next.value);
          onFrame?.(row, rate);
          onProgress?.({ what: 'watch', done: frame, total: estimatedFrames });
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
  return findings;
}

async function exhaust(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) void item;
}

/** Whether a film alone is to be written. */
function isFilm(out: string): boolean {
  return outputKind(out) === 'mp4';
}

/** @throws PxvError `OUTPUT` where there is something else than an earlier search, or one that may not be replaced; `USAGE` where it is an input, or its name asks for something else */
async function expectPlace(out: string, overwrite: boolean, inputs: readonly string[]): Promise<void> {
  const kind = outputKind(out);
  if (kind !== null && kind !== 'mp4' && kind !== 'folder')
    throw errorFactory('USAGE', 'find surprise')(out, 'a folder or a .mp4', extname(out), 'choose another --out');
  await assertNotInput(out, inputs, { folderReplaced: true });
  const refused = errorFactory('OUTPUT', 'find surprise');
  const names = await namesIn(out);
  if (names === null && !isFilm(out))
    throw refused(out, 'a new folder', 'something else of that name', 'choose another --out');
  if (names !== null && names.length > 0 && isFilm(out))
    throw refused(out, 'a new file', 'a folder of that name', 'choose another --out');
  const foreign = names?.find((name) => !FILES.includes(name));
  if (foreign !== undefined)
    throw refused(out, 'a new or empty folder, or an earlier search', `one with ${foreign}`, 'choose another --out');
  const [expected, received] = isFilm(out)
    ? ['a new file', 'one that exists']
    : ['a new or empty folder', 'an earlier search'];
  if (names?.length !== 0 && !overwrite)
    throw refused(out, expected, received, 'choose another --out, or replace it with --overwrite');
}

/** What lies in a folder; nothing where there is none yet, null where something else is. */
async function namesIn(path: string): Promise<string[] | null> {
  return readdir(resolve(path)).catch(({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? [] : null));
}

function* csvOf(rows: readonly TimelineRow[], rate: number): Generator<string> {
  yield `${TIMELINE_COLUMNS}\n`;
  for (const row of rows) yield `${formatTimelineRow(row, rate)}\n`;
}

function tooShort(path: string, learns: boolean): Error {
  const expected = learns ? 'two frames or more after what is learned' : 'two frames or more';
  return errorFactory('INPUT', 'find surprise')(path, expected, 'fewer', 'give a longer clip');
}
