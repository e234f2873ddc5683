import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorsOf } from '../foundation/errors.js';
import type { Box, Frame, Size } from '../foundation/frame.js';
import { framesPerSecond } from '../foundation/frame-rate.js';
import { writeAtomically } from '../foundation/write-file.js';
import { atSize } from '../model/at-size.js';
import type { Model } from '../model/checkpoint.js';
import type { Moment } from '../surprise/moments.js';
import type { UsualFrames } from '../surprise/stand-out.js';
import { learnUsual, surprise, type SurprisingFrame } from '../surprise/surprise.js';
import {
  clock,
  expectNoInput,
  filesOfClip,
  heatMap,
  listClips,
  surpriseFrame,
  surpriseScale,
  timelinePicture,
  writeClip,
  writePng,
} from '../video/index.js';
import { openForModel, ownAspect, sizeWarning, type SeenClip } from './clip-for-model.js';
import { rateWarning } from './clip-rate.js';
import { expectVideoModel } from './expect-kind.js';
import { scoringBatch } from './expect-memory.js';
import { parseOptions, type OptionsOf, type Parsed } from './options/fields.js';
import { findSurpriseFields } from './options/surprise.js';

/** How `findSurprise` looks, and where it writes. */
export type FindSurpriseOptions = OptionsOf<typeof findSurpriseFields>;

/** What `findSurprise` found. */
export interface FoundSurprise {
  /** The folder that was written: `film.mp4`, `timeline.png`, `timeline.csv`. */
  path: string;
  /** Frames that were looked at, but the first. */
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
  moments: readonly Moment[];
  /** Of each frame that was looked at: its index in the clip, what it cost, and its score. */
  timeline: { frame: number[]; bitsPerDim: number[]; score: number[] };
}

/** What is written to the folder. */
const FILES = ['film.mp4', 'timeline.csv', 'timeline.png'];
/** Frames computed together. */
const TOGETHER = 8;
/** Moments whose frames are shown beside the timeline. */
const SHOWN = 6;
/** Of the mean bits of a pixel so far, what is white in a heat map. */
const WHITE = 4;

/**
 * Looks through a clip for what was unexpected. Writes a film of its frames beside their bits, the timeline, and a picture of it with the
 * moments that stood out.
 *
 * @throws PxvError `USAGE` where an option is wrong or the model is one of images; `INPUT` where a clip cannot be read, or nothing is left to look at; `OUTPUT`
 *   where the folder cannot be written; the signal's reason where it is aborted: then nothing is left of it
 */
export async function findSurprise(trained: Model, path: string, asked: FindSurpriseOptions): Promise<FoundSurprise> {
  const options = parseOptions('find surprise', findSurpriseFields, asked);
  expectVideoModel(trained, 'find surprise');
  const { out, overwrite = false, signal, onProgress, onWarning } = options;
  const inputs = await filesOfClip(path);
  const confirm = () => expectFolder(out, overwrite, inputs);
  await confirm();
  const open = (clip: string, asked: Parameters<typeof openForModel>[3]) =>
    openForModel(trained, clip, 'find surprise', { ...options, ...asked });
  const clip = await open(path, ownAspect(trained, options));
  const { size, frameRate, aboutFrames } = clip.reader;
  for (const warning of [sizeWarning(trained, size), rateWarning(trained, clip.reader)])
    if (warning !== null) onWarning?.(warning);
  const rate = framesPerSecond(frameRate);
  const settings = { frameRate: rate, batch: scoringBatch(atSize(trained, size), TOGETHER, true), signal };
  const skipped = Math.round(secondsIn(options.learn) * rate);
  const usual = await learned(trained, clip, open, options, { ...settings, skipped });

  const found = new Findings(rate);
  const watched = surprise(trained, after(skipped, clip.frames()), { ...settings, usual });
  const begun = await watched.next();
  if (begun.done) throw tooShort(path, skipped > 0);
  async function* pictures(): AsyncGenerator<Frame, void> {
    for (let next: typeof begun = begun; !next.done; next = await watched.next()) {
      const frame = inClip(next.value, skipped);
      found.add(frame);
      onProgress?.({ what: 'watch', done: frame.index, total: aboutFrames });
      yield surpriseFrame(found.shown(frame), surpriseScale(size));
    }
  }
  const make = async (folder: string) => {
    await mkdir(folder);
    const [film, timeline, picture] = FILES.map((name) => join(folder, name));
    await writeClip(film, pictures(), { frameRate, signal });
    await writeFile(timeline, found.csv());
    await writePng(picture, await found.picture());
  };
  await writeAtomically(out, make, { confirm }).finally(() => watched.return());
  if (clip.reader.warning !== null) onWarning?.(clip.reader.warning);
  return { path: out, frameRate: rate, width: size.width, height: size.height, ...found.result() };
}

/** @throws PxvError `OUTPUT` where there is something else than an earlier search, or one that may not be replaced; `USAGE` where it is an input */
async function expectFolder(out: string, overwrite: boolean, inputs: readonly string[]): Promise<void> {
  await expectNoInput(out, inputs, { folderReplaced: true });
  const refused = errorsOf('OUTPUT', 'find surprise');
  const names = await readdir(resolve(out)).catch(({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? [] : null));
  if (names === null) throw refused(out, 'a new folder', 'something else of that name', 'choose another --out');
  const foreign = names.find((name) => !FILES.includes(name));
  if (foreign !== undefined)
    throw refused(out, 'a new or empty folder, or an earlier search', `one with ${foreign}`, 'choose another --out');
  if (names.length > 0 && !overwrite)
    throw refused(
      out,
      'a new or empty folder',
      'an earlier search',
      'choose another --out, or replace it with --overwrite',
    );
}

/** What `learn` names: so many seconds of the clip itself, or 0. */
function secondsIn(learn: readonly string[] | undefined): number {
  return learn?.length === 1 ? Number(/^(\d+(?:\.\d+)?)s$/.exec(learn[0])?.[1] ?? 0) : 0;
}

async function learned(
  model: Model,
  clip: SeenClip,
  open: (path: string, asked: { size: Size }) => Promise<SeenClip>,
  { learn, onProgress }: Parsed<typeof findSurpriseFields>,
  { skipped, ...settings }: { skipped: number; frameRate: number; batch: number; signal: AbortSignal | undefined },
): Promise<UsualFrames | undefined> {
  if (learn === undefined) return undefined;
  async function* clips() {
    if (skipped > 0) yield first(skipped, clip.frames());
    // Places are compared with themselves: all clips at one size.
    else for (const { path } of await listClips(learn!)) yield (await open(path, { size: clip.reader.size })).frames();
  }
  const onFrame = (done: number) => onProgress?.({ what: 'learn', done, total: skipped > 0 ? skipped : null });
  const usual = await learnUsual(model, clips(), { ...settings, onFrame });
  if (usual === null)
    throw errorsOf('INPUT', 'learn what is usual')(
      learn.join(', '),
      'two frames or more',
      'fewer',
      'give longer clips',
    );
  return usual;
}

/** What is found, frame by frame. */
class Findings {
  frames = 0;
  private bits = 0;
  private meanMap = 0;
  private moments: readonly Moment[] = [];
  private readonly timeline: FoundSurprise['timeline'] = { frame: [], bitsPerDim: [], score: [] };
  private readonly boxes: Box[] = [];
  /** The frames of the last two seconds, and of the largest moments. */
  private readonly pictures = new Map<number, Frame>();

  constructor(private readonly rate: number) {}

  add({ index, frame, bits, map, score, box, moments }: SurprisingFrame): void {
    this.frames++;
    this.bits += bits;
    this.meanMap += (map.reduce((sum, value) => sum + value, 0) / map.length - this.meanMap) / this.frames;
    const { timeline } = this;
    timeline.frame.push(index);
    timeline.bitsPerDim.push(bits);
    timeline.score.push(score);
    this.boxes.push(box);
    this.pictures.set(index, frame);
    this.moments = moments;
    const shown = new Set(moments.slice(0, SHOWN).map(({ peak }) => peak));
    for (const kept of this.pictures.keys())
      if (kept < index - 2 * this.rate && !shown.has(kept)) this.pictures.delete(kept);
  }

  /** What the film shows of the last frame. */
  shown({ frame, map, bits, score, index, box }: SurprisingFrame) {
    const [time, cost, told] = [clock(index / this.rate), `${bits.toFixed(2)} bits/dim`, `score ${score.toFixed(1)}`];
    return {
      frame,
      heatMap: heatMap(map, frame, WHITE * this.meanMap),
      box: this.isLarge(score) ? box : null,
      texts: [`${time}   ${cost}   ${told}`, `${time}   ${told}`, told],
    };
  }

  csv(): string {
    const { frame, bitsPerDim, score } = this.timeline;
    const rows = frame.map((index, at) => {
      const { x, y, width, height } = this.boxes[at];
      const [seconds, bits] = [(index / this.rate).toFixed(3), bitsPerDim[at].toFixed(4)];
      return [index, seconds, bits, score[at].toFixed(3), x, y, width, height].join(',');
    });
    return `${['frame,seconds,bits_per_dim,score,x,y,width,height', ...rows].join('\n')}\n`;
  }

  picture(): Promise<Frame> {
    const shown = this.moments.slice(0, SHOWN).filter(({ peak }) => this.pictures.has(peak));
    return timelinePicture(
      [
        { values: this.timeline.score, label: 'score: deviations from what is usual' },
        { values: this.timeline.bitsPerDim, label: 'bits/dim' },
      ],
      shown
        .sort((a, b) => a.peak - b.peak)
        .map(({ peak, score, box }) => ({
          frame: peak - this.timeline.frame[0],
          picture: this.pictures.get(peak)!,
          box,
          label: `${clock(peak / this.rate)}  score ${score.toFixed(1)}`,
        })),
      { first: this.timeline.frame[0] / this.rate, frame: 1 / this.rate },
    );
  }

  result() {
    const { frames, moments, timeline } = this;
    return { frames, bitsPerDim: this.bits / frames, moments, timeline };
  }

  /** Whether a score is among the largest moments so far. */
  private isLarge(score: number): boolean {
    const least = this.moments.slice(0, SHOWN).at(-1)?.score;
    return least !== undefined && score >= least;
  }
}

/** A frame and moments of what comes after the first frames of a clip, by their places in the clip. */
function inClip({ index, moments, ...others }: SurprisingFrame, skipped: number): SurprisingFrame {
  const later = ({ from, to, peak, ...rest }: Moment) => {
    return { from: from + skipped, to: to + skipped, peak: peak + skipped, ...rest };
  };
  return { index: index + skipped, moments: moments.map(later), ...others };
}

async function* first(count: number, frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
  let index = 0;
  for await (const frame of frames) {
    if (index++ >= count) return;
    yield frame;
  }
}

async function* after(count: number, frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
  let index = 0;
  for await (const frame of frames) if (index++ >= count) yield frame;
}

function tooShort(path: string, learns: boolean): Error {
  const expected = learns ? 'two frames or more after what is learned' : 'two frames or more';
  return errorsOf('INPUT', 'find surprise')(path, expected, 'fewer', 'give a longer clip');
}
