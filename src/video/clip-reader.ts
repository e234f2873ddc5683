import type { Stats } from 'node:fs';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Channels, Frame, Size } from '../foundation/frame.js';
import { framesPerSecond, isSameRate, roundRate, type FrameRate } from '../foundation/frame-rate.js';
import { pluralize } from '../foundation/pluralize.js';
import { describeMissingPath } from './clip-list.js';
import { defaultFrameRate } from './frame-rate.js';
import { numberingWarning, probeImage, listImages, filterNumberedImages, readImages } from './image-folder.js';
import { resolveSize, type TargetSize } from './target-size.js';
import type { Fit } from './resample.js';
import { probeVideo, readVideo, type VideoInfo, type VideoReadOptions } from './video-file.js';

/** How the frames of a clip are given. */
export interface ClipOptions {
  /** Size of the frames to be given: one, or one for each clip, at its own aspect. */
  size: TargetSize;
  /** Of the frames to be given; 1: grey, 3: red, green, blue. */
  channels: Channels;
  /** Default `crop`: pictures are scaled to cover the size and cut around their centre. */
  fit?: Fit | undefined;
  /**
   * Default: the file's own, 25 where it tells none. A file is resampled in time to this rate; pictures without times, as
   * those of a folder, are taken to come at it.
   */
  frameRate?: FrameRate | undefined;
  signal?: AbortSignal | undefined;
}

/** What is known of a clip before its frames are read. */
export interface ClipInfo {
  /** Last part of the path. */
  name: string;
  /** The path that it was opened by. */
  path: string;
  /** Frames per second; constant, since a varying rate is resampled. */
  frameRate: FrameRate;
  /** Whether the clip tells one. A folder of images and a file without times do not: their pictures are taken as they are. */
  hasFrameRate: boolean;
  /** Size before scaling, of the upright picture with square pixels. */
  sourceSize: Size;
  /** About how many there are; null where the file does not tell. */
  estimatedFrames: number | null;
  /** Whether there are exactly so many: images of a folder, of which any can be read without those before it. */
  isFolder: boolean;
}

/** A clip that was opened. */
export interface ClipReader extends ClipInfo {
  /** Of the frames that are given. */
  readonly size: Size;
  /**
   * The frames in order, decoded as they are asked for, so that a long film is never held in memory. Leaving the loop
   * ends the decoding. Each call begins again.
   * @param first index of the first one to give; images before it are not read (default: 0)
   * @throws {PxvError} INPUT where nothing can be read, INTERRUPTED where the signal is aborted.
   */
  frames(first?: number): AsyncGenerator<Frame, void>;
  /**
   * One line where the file cannot give the rate, and, once frames have been read, all or some, where it was damaged or broke
   * off; else null.
   */
  readonly warning: string | null;
}

/**
 * Opens a video file, or a folder of numbered images, and looks at its first picture.
 * @throws {PxvError} USAGE where size or channels are none, INPUT where there is no readable picture, INTERRUPTED where the
 * signal is aborted, DEPENDENCY where there is no FFmpeg.
 */
export async function openClip(path: string, options: ClipOptions): Promise<ClipReader> {
  expectOptions(options);
  const { channels, fit = 'crop', frameRate, signal } = options;
  const { facts, doubts, read } = await lookAt(path, frameRate, signal);
  const size = resolveSize(options.size, facts.sourceSize);
  const withDoubts = (damage: string | null) => [...doubts, damage].filter((line) => line !== null).join('; ') || null;
  let warning = withDoubts(null);
  return {
    ...facts,
    size,
    frames: (first = 0) =>
      read({ size, channels, fit, frameRate, signal }, first, (damage) => (warning = withDoubts(damage))),
    get warning() {
      return warning;
    },
  };
}

/** Size and rate of a clip, from its first picture. @throws {PxvError} as `openClip`. */
export async function probeClip(path: string, signal?: AbortSignal): Promise<ClipInfo> {
  return (await lookAt(path, undefined, signal)).facts;
}

/** What is read of a clip: its file, or its folder and the numbered images there; the path alone where nothing is. */
export async function listInputFiles(path: string): Promise<string[]> {
  const names = await readdir(path).catch(() => []);
  return [path, ...filterNumberedImages(names).map((name) => join(path, name))];
}

interface LookedAt {
  facts: ClipInfo;
  /** Lines of warning that are known before the frames are read, or null. */
  doubts: (string | null)[];
  read: (reading: VideoReadOptions, first: number, onDamage: (line: string) => void) => AsyncGenerator<Frame, void>;
}

/** @param asked the rate to bring the clip to; undefined: its own */
async function lookAt(path: string, asked: FrameRate | undefined, signal?: AbortSignal): Promise<LookedAt> {
  const name = basename(resolve(path));
  if ((await expectReadable(path)).isDirectory()) {
    const images = await listImages(path);
    const { width, height } = await probeImage(images[0]);
    const frameRate = asked ?? defaultFrameRate;
    const [sourceSize, estimatedFrames] = [{ width, height }, images.length];
    return {
      facts: { name, path, frameRate, hasFrameRate: false, sourceSize, estimatedFrames, isFolder: true },
      doubts: [asked === undefined ? null : noRate, numberingWarning(images)],
      read: (reading, first) => readImages(images.slice(first), reading),
    };
  }
  const video = await probeVideo(path, signal);
  const { duration, hasFrameRate, size: sourceSize } = video;
  const frameRate = asked ?? video.frameRate;
  const estimatedFrames = duration === null ? null : Math.round(duration * framesPerSecond(frameRate));
  return {
    facts: { name, path, frameRate, hasFrameRate, sourceSize, estimatedFrames, isFolder: false },
    doubts: [asked === undefined ? timesDoubt(video) : rateDoubt(video, asked)],
    read: (reading, first, onDamage) => without(first, readVideo(video, reading, onDamage)),
  };
}

async function* without(count: number, frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
  let index = 0;
  for await (const frame of frames) if (index++ >= count) yield frame;
}

/** A program in JavaScript may leave out what it must say. */
function expectOptions(options: ClipOptions | undefined): void {
  const refuse = (argument: string, expected: string, received: unknown) => {
    const text = JSON.stringify(received) ?? 'nothing';
    const remedy = "give those of a model: openClip(path, { size, channels }), as in its chain's exampleShape";
    throw errorFactory('USAGE', 'open clip')(argument, expected, text, remedy);
  };
  const size: unknown = options?.size;
  if (typeof size !== 'object' || size === null) refuse('size', '{ width, height } and the like', size);
  else if (Object.values(size).some((value) => typeof value === 'number' && !(Number.isInteger(value) && value >= 1)))
    refuse('size', 'whole numbers from 1', size);
  if (options?.channels !== 1 && options?.channels !== 3) refuse('channels', '1 or 3', options?.channels);
}

const noRate = 'no frame rate of its own, so its pictures are taken as they are';

/** One line where a file's pictures come at uneven times, or tell none; else null. */
function timesDoubt({ times, frameRate }: VideoInfo): string | null {
  const rate = roundRate(frameRate);
  if (times === 'missing') return `pictures without a time that can be right; all are read as if at a rate of ${rate}`;
  return times === 'uneven'
    ? `pictures at uneven times, brought to their mean rate of ${rate} (--fps names another): some are repeated or left out`
    : null;
}

/** One line where a file cannot be brought to a rate as it should be; else null. */
function rateDoubt({ frameRate: own, hasFrameRate }: VideoInfo, asked: FrameRate): string | null {
  if (!hasFrameRate) return noRate;
  if (isSameRate(own, asked) || framesPerSecond(own) >= framesPerSecond(asked)) return null;
  return `${pluralize(roundRate(own), 'frame')} a second, of which some are repeated to make ${roundRate(asked)}`;
}

/** Says at once, and in our own words, what FFmpeg would say late and in many ways. */
async function expectReadable(path: string): Promise<Stats> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(path, describeMissingPath(cause), cause);
  });
  if (!stats.isFile() && !stats.isDirectory()) throw unusable(path, 'a pipe or a device');
  if (stats.isFile() && stats.size === 0) throw unusable(path, 'an empty file');
  await access(path, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(path, 'a path without permission to read', cause);
  });
  return stats;
}

function unusable(path: string, received: string, cause?: Error): PxvError {
  const expected = 'a video file or a folder of numbered images';
  return errorFactory('INPUT', 'read video')(path, expected, received, 'check the path', { cause });
}
