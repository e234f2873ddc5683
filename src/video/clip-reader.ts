import type { Stats } from 'node:fs';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Channels, Frame, Size } from '../foundation/frame.js';
import { framesPerSecond, isSameRate, roundRate, type FrameRate } from '../foundation/frame-rate.js';
import { quantizeFrames } from '../foundation/levels.js';
import { pluralize } from '../foundation/pluralize.js';
import { openArrayClip } from './array-clip.js';
import { clipName, isArrayFile, splitAddress } from './clip-address.js';
import { describeMissingPath } from './clip-list.js';
import { defaultFrameRate } from './constant-rate.js';
import { numberingWarning, probeImage, listImages, filterNumberedImages, readImages } from './image-folder.js';
import { resolveSize, type TargetSize } from './target-size.js';
import type { Fit } from './resample.js';
import { probeVideo, readVideo, type VideoInfo, type VideoReadOptions } from './video-file.js';

/** Options for reading the frames of a clip. */
export interface ClipOptions {
  /** Size of the frames: a fixed size, or a size at the clip's own aspect ratio. */
  size: TargetSize;
  /** Number of channels of the frames; 1: grey, 3: red, green, blue. */
  channels: Channels;
  /**
   * Number of levels that the frames' bytes are quantized to, 2 to 256, so that frames, predictions and codecs of a
   * model agree. Default: 256, the bytes as decoded.
   */
  levels?: number | undefined;
  /** Method to fit another aspect ratio. Default `crop`: scales to cover the size and cuts around the centre. */
  fit?: Fit | undefined;
  /**
   * Target frame rate. Default: the file's own, or 25 if the file states none. A video file is resampled in time;
   * images of a folder and frames of an array, which have no times, are assumed to come at this rate.
   */
  frameRate?: FrameRate | undefined;
  /** Signal that aborts reading: the call, or the iteration of frames, throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Facts about a clip that are known before its frames are read. */
export interface ClipInfo {
  /** Last part of the clip's path. */
  name: string;
  /** Path that the clip was opened by. */
  path: string;
  /** Frames per second; constant, since a variable rate is resampled. */
  frameRate: FrameRate;
  /**
   * True if the clip states a frame rate. Folders of images, arrays and files without timestamps state none; all of
   * their frames are read, none is repeated.
   */
  hasFrameRate: boolean;
  /** Size before scaling, upright and with square pixels. */
  sourceSize: Size;
  /** Estimated number of frames; null if the file does not state a duration. */
  estimatedFrames: number | null;
  /**
   * True for a folder of images and an array: `estimatedFrames` is then exact, and frames can be skipped without
   * decoding.
   */
  isSeekable: boolean;
}

/** Open clip, which yields frames. */
export interface ClipReader extends ClipInfo {
  /** Size of the frames that are read. */
  readonly size: Size;
  /**
   * Yields the frames in order, decoded on demand with backpressure, so that a long clip is never held in memory.
   * Leaving the loop ends the decoding. Each call decodes from the start again.
   * @param first index of the first frame to yield (default: 0); earlier frames of a seekable clip are not read
   * @throws PxvError `INPUT` if nothing can be read; the signal's reason if aborted
   */
  frames: (first?: number) => AsyncGenerator<Frame, void>;
  /**
   * Warning of one line about missing rates, uneven timestamps, repeated frames or gaps in the numbering; else null.
   * Once frames were read, includes damage and truncation.
   */
  readonly warning: string | null;
}

/**
 * Opens a video file, a folder of numbered images or a clip in an array file (`a.npy`, or `a.npy#3` of several), and
 * probes its first frame.
 * @throws PxvError `USAGE` if `size` or `channels` is invalid; `INPUT` if there is no readable frame; the signal's
 *   reason if aborted; `DEPENDENCY` if there is no FFmpeg
 * @example
 * ```js
 * import { openClip } from 'pxv';
 *
 * const clip = await openClip('examples/asl_yes.mkv', { size: { width: 64, height: 64 }, channels: 3 });
 * for await (const { width, height, data } of clip.frames()) console.log(width, height, data.length);
 * ```
 */
export async function openClip(path: string, options: ClipOptions): Promise<ClipReader> {
  assertOptions(options);
  const { channels, levels = 256, fit = 'crop', frameRate, signal } = options;
  const { facts, doubts, read } = await lookAt(path, frameRate, signal);
  const size = resolveSize(options.size, facts.sourceSize);
  const withDoubts = (damage: string | null) => [...doubts, damage].filter((line) => line !== null).join('; ') || null;
  let warning = withDoubts(null);
  return {
    ...facts,
    size,
    frames: (first = 0) =>
      quantizeFrames(
        read({ size, channels, fit, frameRate, signal }, first, (damage) => (warning = withDoubts(damage))),
        levels,
      ),
    get warning() {
      return warning;
    },
  };
}

/** Returns size, rate and estimated length of a clip, probed from its first frame. @throws PxvError as `openClip` */
export async function probeClip(path: string, signal?: AbortSignal): Promise<ClipInfo> {
  return (await lookAt(path, undefined, signal)).facts;
}

/**
 * Returns the paths that reading a clip touches: the file, or the folder and its numbered images. Returns `path` alone
 * if `path` does not exist.
 */
export async function listInputFiles(path: string): Promise<string[]> {
  const { file } = splitAddress(path);
  const names = await readdir(file).catch(() => []);
  return [file, ...filterNumberedImages(names).map((name) => join(file, name))];
}

/** Result of probing a clip. */
interface LookedAt {
  facts: ClipInfo;
  /** Warnings known before the frames are read; null for no warning. */
  doubts: (string | null)[];
  read: (reading: VideoReadOptions, first: number, onDamage: (line: string) => void) => AsyncGenerator<Frame, void>;
}

/** Probes a clip. @param asked target frame rate; undefined: the clip's own */
async function lookAt(path: string, asked: FrameRate | undefined, signal?: AbortSignal): Promise<LookedAt> {
  const { file } = splitAddress(path);
  const name = clipName(resolve(path));
  const untimed = { name, path, frameRate: asked ?? defaultFrameRate, hasFrameRate: false, isSeekable: true };
  const untimedDoubts = [asked === undefined ? null : noRate];
  if ((await assertReadable(file)).isDirectory()) {
    const images = await listImages(path);
    const { width, height } = await probeImage(images[0]);
    return {
      facts: { ...untimed, sourceSize: { width, height }, estimatedFrames: images.length },
      doubts: [...untimedDoubts, numberingWarning(images)],
      read: (reading, first) => readImages(images.slice(first), reading, { width, height }),
    };
  }
  if (isArrayFile(file)) {
    const { frames: estimatedFrames, size: sourceSize, read } = await openArrayClip(path);
    return { facts: { ...untimed, sourceSize, estimatedFrames }, doubts: untimedDoubts, read };
  }
  const video = await probeVideo(path, signal);
  const { duration, hasFrameRate, size: sourceSize } = video;
  const frameRate = asked ?? video.frameRate;
  const estimatedFrames = duration === null ? null : Math.round(duration * framesPerSecond(frameRate));
  return {
    facts: { name, path, frameRate, hasFrameRate, sourceSize, estimatedFrames, isSeekable: false },
    doubts: [asked === undefined ? timesDoubt(video) : rateDoubt(video, asked)],
    read: (reading, first, onDamage) => without(first, readVideo(video, reading, onDamage)),
  };
}

async function* without(count: number, frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
  let index = 0;
  for await (const frame of frames) if (index++ >= count) yield frame;
}

/** Throws USAGE if the options of a JavaScript caller lack a valid size or number of channels. */
function assertOptions(options: ClipOptions | undefined): void {
  const refuse = (argument: string, expected: string, received: unknown) => {
    const text = JSON.stringify(received) ?? 'nothing';
    const remedy = "give those of a model: openClip(path, { size, channels }), as in its chain's exampleShape";
    throw errorFactory('USAGE', 'open clip')(argument, expected, text, remedy);
  };
  const size: unknown = options?.size;
  if (typeof size !== 'object' || size === null) refuse('size', '{ width, height } and the like', size);
  else if (Object.values(size).some((value) => typeof value === 'number' && !(Number.isInteger(value) && value >= 1)))
    refuse('size', 'whole numbers from 1', size);
  const { levels = 256 } = options ?? {};
  if (!(Number.isInteger(levels) && levels >= 2 && levels <= 256)) refuse('levels', '2 to 256', levels);
  if (options?.channels !== 1 && options?.channels !== 3) refuse('channels', '1 or 3', options?.channels);
}

const noRate = 'no frame rate of its own, so its pictures are taken as they are';

/** Returns a warning of one line if a file's frames have uneven or missing timestamps; else null. */
function timesDoubt({ times, frameRate }: VideoInfo): string | null {
  const rate = roundRate(frameRate);
  if (times === 'missing') return `pictures without a time that can be right; all are read as if at a rate of ${rate}`;
  return times === 'uneven'
    ? `pictures at uneven times, brought to their mean rate of ${rate} (--fps names another): some are repeated ` +
        'or dropped'
    : null;
}

/** Returns a warning of one line if a file has no frame rate, or fewer frames per second than requested; else null. */
function rateDoubt({ frameRate: own, hasFrameRate }: VideoInfo, asked: FrameRate): string | null {
  if (!hasFrameRate) return noRate;
  if (isSameRate(own, asked) || framesPerSecond(own) >= framesPerSecond(asked)) return null;
  return `${pluralize(roundRate(own), 'frame')} per second, of which some are repeated to make ${roundRate(asked)}`;
}

/** Throws INPUT if a path is unreadable, empty or no file or folder, with a clearer message than FFmpeg's. */
async function assertReadable(path: string): Promise<Stats> {
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
  const expected = 'a video file, a folder of numbered images or an array (.npy, .npz)';
  return errorFactory('INPUT', 'read video')(path, expected, received, 'check the path', { cause });
}
