import { type Stats } from 'node:fs';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { PxvError } from '../errors.js';
import type { Channels, Frame, Size } from '../frame.js';
import { defaultFrameRate, type FrameRate } from './frame-rate.js';
import { imageFacts, listImages, numberedImages, readImages } from './image-folder.js';
import type { Fit } from './resample.js';
import { probeVideo, readVideo } from './video-file.js';

export interface ClipOptions {
  /** Size of the frames to be given. */
  size: Size;
  channels: Channels;
  /** Default `crop`: pictures are scaled to cover the size and cut around their centre. */
  fit?: Fit;
  /** Default: the file's own, 25 for a folder of images. A file is resampled in time to this rate. */
  frameRate?: FrameRate;
  signal?: AbortSignal;
}

/** What is known of a clip before its frames are read. */
export interface ClipFacts {
  /** Last part of the path. */
  name: string;
  path: string;
  /** Frames per second; constant, since a varying rate is resampled. */
  frameRate: FrameRate;
  /** Size before scaling, of the upright picture with square pixels. */
  sourceSize: Size;
  /** About how many there are; null where the file does not tell. */
  aboutFrames: number | null;
}

export interface ClipReader extends ClipFacts {
  /**
   * The frames in order, decoded as they are asked for, so that a long film is never held in memory. Leaving the loop
   * ends the decoding. Each call starts at the first frame.
   *
   * @throws {PxvError} INPUT where nothing can be read, INTERRUPTED where the signal is aborted.
   */
  frames(): AsyncGenerator<Frame, void>;
  /** After the frames have been read: one line where the file was damaged or broke off, else null. */
  readonly warning: string | null;
}

/**
 * Opens a video file, or a folder of numbered images, and looks at its first picture.
 *
 * @throws {PxvError} INPUT where there is no readable picture, INTERRUPTED where the signal is aborted, DEPENDENCY
 * where there is no FFmpeg.
 */
export async function openClip(path: string, options: ClipOptions): Promise<ClipReader> {
  const { size, channels, fit = 'crop', signal } = options;
  const reading = { size, channels, fit, signal };
  if ((await inspect(path)).isDirectory()) {
    const images = await listImages(path);
    return reader(await imageFolderFacts(path, images, options.frameRate), () => readImages(images, reading));
  }
  const probed = await probeVideo(path, signal);
  const video = { ...probed, frameRate: options.frameRate ?? probed.frameRate };
  return reader(facts(path, video.frameRate, video.size, framesOf(video)), () => readVideo(video, reading));
}

/**
 * Size and rate of a clip, from its first picture.
 *
 * @throws {PxvError} as `openClip`.
 */
export async function probeClip(path: string, signal?: AbortSignal): Promise<ClipFacts> {
  if ((await inspect(path)).isDirectory()) return imageFolderFacts(path, await listImages(path));
  const video = await probeVideo(path, signal);
  return facts(path, video.frameRate, video.size, framesOf(video));
}

/** What is read of a clip: its file, or its folder and the numbered images there; the path alone where nothing is. */
export async function filesOfClip(path: string): Promise<string[]> {
  const names = await readdir(path).catch(() => []);
  return [path, ...numberedImages(names).map((name) => join(path, name))];
}

function reader(known: ClipFacts, read: () => AsyncGenerator<Frame, string | null>): ClipReader {
  let warning: string | null = null;
  return {
    ...known,
    async *frames() {
      warning = yield* read();
    },
    get warning() {
      return warning;
    },
  };
}

async function imageFolderFacts(folder: string, images: string[], frameRate = defaultFrameRate): Promise<ClipFacts> {
  const { width, height } = await imageFacts(images[0]);
  return facts(folder, frameRate, { width, height }, images.length);
}

function facts(path: string, frameRate: FrameRate, sourceSize: Size, aboutFrames: number | null): ClipFacts {
  return { name: basename(resolve(path)), path, frameRate, sourceSize, aboutFrames };
}

function framesOf({ frameRate, duration }: { frameRate: FrameRate; duration: number | null }): number | null {
  return duration === null ? null : Math.round((duration * frameRate.numerator) / frameRate.denominator);
}

/** Says at once, and in our own words, what FFmpeg would say late and in many ways. */
async function inspect(path: string): Promise<Stats> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(path, cause.code === 'ENOENT' ? 'a path where nothing is' : cause.message, cause);
  });
  if (!stats.isFile() && !stats.isDirectory()) throw unusable(path, 'a pipe or a device');
  if (stats.isFile() && stats.size === 0) throw unusable(path, 'an empty file');
  await access(path, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(path, 'a path without permission to read', cause);
  });
  return stats;
}

function unusable(path: string, received: string, cause?: Error): PxvError {
  return new PxvError(
    {
      code: 'INPUT',
      operation: 'read video',
      argument: path,
      expected: 'a video file or a folder of numbered images',
      received,
      remedy: 'check the path',
    },
    { cause },
  );
}
