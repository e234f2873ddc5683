import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import { framesPerSecond, type FrameRate } from '../foundation/frame-rate.js';
import type { PlacementOptions } from '../foundation/placement-options.js';
import { makeTemporaryFolder } from '../foundation/temporary-folder.js';
import { writeAtomically } from '../foundation/write-file.js';
import { writeFrameArray } from './array-writer.js';
import { drawContactSheet, encodePng } from './contact-sheet.js';
import { enlarge, padToEven } from './canvas.js';
import { feedFrames, startFfmpeg, throwEndBySignal, type FfmpegOutcome } from './ffmpeg-run.js';
import { assertWritablePath, frameFileName, outputError } from './output-kind.js';

/** Options for writing frames as a video, images or a folder. */
export interface WriteOptions extends PlacementOptions {
  /** Frames per second; ignored for images. */
  frameRate: FrameRate;
  /** Output pixels per pixel of a frame, an integer. Default: 1. */
  scale?: number;
  /** Signal that aborts writing: the call rejects with the signal's reason, and an existing output stays. */
  signal?: AbortSignal | undefined;
  /**
   * Returns the path of a frame's file inside a folder output, given the frame's index. Called after the frame has
   * arrived. Default: `frameFileName`.
   */
  fileOf?: (index: number) => string;
}

/** Video, image, array or folder of images that was written to disk. */
export interface WrittenClip {
  /** Path of the file or folder. */
  path: string;
  /** Number of frames written. */
  frames: number;
  /** Bytes of the file, or of all files in the folder. */
  bytes: number;
}

type Frames = AsyncIterable<Frame> | Iterable<Frame>;

/**
 * Writes frames as a video, contact sheet, array or folder of images, chosen by the name of `path` (see `outputKind`).
 * Replaces an existing output atomically. Pulls `frames` on demand, with backpressure. In .mp4 and .webm files, frames
 * with odd sides are padded to even ones.
 * @param frames at least one; all of one size
 * @throws PxvError `USAGE` if the name is invalid; `OUTPUT` if the output cannot be written, or `frames` is empty or
 *   differs in shape; `DEPENDENCY` if FFmpeg is needed and missing; the signal's reason if aborted; errors of `frames`
 */
export async function writeClip(path: string, frames: Frames, options: WriteOptions): Promise<WrittenClip> {
  const { scale = 1, signal, confirm, fileOf = frameFileName } = options;
  const kind = await assertWritablePath(path);
  const source = checked(path, frames, signal);
  const enlarged = mapAsync(source, (frame) => enlarge(frame, scale));
  const make = async (temporary: string): Promise<Count> => {
    if (kind === 'png') return writeSheet(temporary, source, scale);
    if (kind === 'npy') return writeFrameArray(temporary, enlarged);
    if (kind === 'folder') return writeFolder(temporary, enlarged, fileOf);
    const pictures = kind === 'mp4' || kind === 'webm' ? mapAsync(enlarged, padToEven) : enlarged;
    const outputOptions = { mp4, webm, mkv, gif }[kind];
    const count = await feedFrames(
      pictures,
      options,
      (input, inputOptions) => startFfmpeg({ input, inputOptions, outputOptions, outputPath: temporary }),
      assertWritten(path, signal),
    );
    return { frames: count, bytes: (await stat(temporary)).size };
  };
  const written = await writeAtomically(path, make, { confirm });
  return { path, ...written };
}

type Count = Omit<WrittenClip, 'path'>;

/** Filter to colours that browsers play: 4:2:0, limited range, matrix of BT.709, all tagged in the file. */
const toLimitedRange = 'scale=out_color_matrix=bt709:out_range=limited:flags=area+accurate_rnd+full_chroma_inp';
const colours = [
  ...['-filter:v', `${toLimitedRange},format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709`],
  ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
];

/**
 * Options of FFmpeg for MP4 with H.264. The index lies before the frames, so that players start during the download.
 * Frames are small, so high quality costs little.
 */
const mp4 = [
  ...colours,
  ...['-c:v', 'libx264', '-preset', 'medium', '-crf', '12'],
  ...['-movflags', '+faststart', '-f', 'mp4'],
];

/**
 * Options of FFmpeg for WebM with VP9, of about the same quality as `mp4`. Without bitexact, each file would get a
 * random identifier.
 */
const webm = [
  ...colours,
  ...['-c:v', 'libvpx-vp9', '-b:v', '0', '-crf', '18', '-deadline', 'good', '-cpu-used', '4'],
  ...['-fflags', '+bitexact', '-f', 'webm'],
];

/**
 * Options for FFV1, which is lossless: the frames' own bytes, colour or grey. Every frame is a key frame. Versions of
 * FFV1 above 1 cut frames into slices, and FFmpeg writes wrong or no frames where they are too small for these.
 */
const mkv = [
  ...['-filter:v', 'format=gray|bgr0', '-color_range', 'pc', '-c:v', 'ffv1', '-level', '1', '-g', '1'],
  ...['-fflags', '+bitexact', '-f', 'matroska'],
];

/**
 * Filter for a GIF: one palette for all frames. Dithering would draw a pattern over enlarged pixels and double the
 * bytes.
 */
const palette = 'split[a][b];[a]palettegen[palette];[b][palette]paletteuse=dither=none';
const gif = ['-filter:v', palette, '-loop', '0', '-f', 'gif'];

/** Peak memory in bytes of FFmpeg itself, and of each colour counted for a palette. */
const FFMPEG = 60 * 2 ** 20;
const BYTES_OF_COLOUR = 64;
/** Maximum number of distinct colours of a clip that is not noise. */
const MAX_COLOURS = 2 ** 20;
/** Number of pixels that FFmpeg rounds each row up to, at 4 bytes each. */
const PIXELS_OF_LINE = 64;

/**
 * Returns the estimated peak memory in bytes of FFmpeg while a GIF is written: FFmpeg holds all frames until the
 * palette is made. See docs/measurements.md, "Memory".
 * @param frames number of frames
 */
export function gifMemory(frames: number, { width, height }: Size): number {
  const frame = 4 * PIXELS_OF_LINE * Math.ceil(width / PIXELS_OF_LINE) * height;
  return FFMPEG + frames * frame + BYTES_OF_COLOUR * Math.min(MAX_COLOURS, frames * width * height);
}

/**
 * Concatenates MP4 files that `writeClip` wrote, of one size and rate, without encoding them again.
 * @param path path of the MP4 file to write
 * @param films path and number of frames of each file, in order
 * @param frameRate rate that all files have
 * @throws PxvError `OUTPUT` if the result cannot be written; `DEPENDENCY` if there is no FFmpeg, or another program
 *   ended it
 */
export async function concatenateVideos(
  path: string,
  films: readonly { path: string; frames: number }[],
  frameRate: FrameRate,
): Promise<void> {
  const folder = makeTemporaryFolder('pxv-');
  try {
    const list = join(folder.path, 'films.txt');
    // Each file begins when its predecessor ends, whatever the order of the stored frames.
    const entries = films.map(({ path, frames }) => {
      const name = `file:${resolve(path)}`.replaceAll("'", "'\\''");
      return `file '${name}'\nduration ${frames / framesPerSecond(frameRate)}\n`;
    });
    await writeFile(list, `ffconcat version 1.0\n${entries.join('')}`);
    const run = await startFfmpeg({
      input: list,
      inputOptions: ['-f', 'concat', '-safe', '0'],
      outputOptions: ['-c', 'copy', '-movflags', '+faststart', '-f', 'mp4'],
      outputPath: path,
    });
    await run.finished.then(assertWritten(path));
  } finally {
    folder.remove();
  }
}

/**
 * Returns a check that throws OUTPUT if FFmpeg exited with an error. If a system signal ended FFmpeg, the check throws
 * the error of `throwEndBySignal`.
 */
function assertWritten(path: string, signal?: AbortSignal) {
  return async ({ failure, firstError, wasSignalled }: FfmpegOutcome): Promise<void> => {
    if (wasSignalled) await throwEndBySignal('write video', path, signal);
    // If the disk is full at the file's end, some versions of FFmpeg report an error and exit with 0.
    const why = failure ?? firstError;
    if (why === null) return;
    const remedy = 'free the disk, or set PXV_FFMPEG to an FFmpeg with libx264 and libvpx';
    throw errorFactory('OUTPUT', 'write video')(path, 'FFmpeg to accept every frame', why, remedy);
  };
}

async function writeSheet(temporary: string, frames: AsyncIterable<Frame>, scale: number): Promise<Count> {
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  const png = await encodePng(await drawContactSheet(all, { scale }));
  await writeFile(temporary, png);
  return { frames: all.length, bytes: png.length };
}

async function writeFolder(temporary: string, frames: AsyncIterable<Frame>, fileOf: (index: number) => string) {
  await mkdir(temporary);
  const count = { frames: 0, bytes: 0 };
  for await (const frame of frames) {
    const png = await encodePng(frame);
    const file = join(temporary, fileOf(count.frames));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, png, { flag: 'wx' });
    count.frames += 1;
    count.bytes += png.length;
  }
  return count;
}

/** Yields `frames`. Throws OUTPUT if there are none or their shapes differ, the signal's reason if aborted. */
async function* checked(path: string, frames: Frames, signal?: AbortSignal): AsyncGenerator<Frame> {
  let first: Frame | null = null;
  for await (const frame of frames) {
    signal?.throwIfAborted();
    first ??= frame;
    if (frame.width !== first.width || frame.height !== first.height || frame.channels !== first.channels)
      throw outputError(path, `frames of ${shape(first)}`, `one of ${shape(frame)}`);
    yield frame;
  }
  signal?.throwIfAborted();
  if (first === null) throw outputError(path, 'at least one frame', 'none');
}

/** Yields `change(item)` for each item, one at a time and in order. */
export async function* mapAsync<From, To>(
  items: AsyncIterable<From>,
  change: (item: From) => To | Promise<To>,
): AsyncGenerator<To> {
  for await (const item of items) yield await change(item);
}

const shape = ({ width, height, channels }: Frame) => `${width}x${height}x${channels}`;
