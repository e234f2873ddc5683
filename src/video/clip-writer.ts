import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import { framesPerSecond, type FrameRate } from '../foundation/frame-rate.js';
import type { PlacementOptions } from '../foundation/placement-options.js';
import { makeTemporaryFolder } from '../foundation/temporary-folder.js';
import { writeAtomically } from '../foundation/write-file.js';
import { contactSheet, encodePng } from './contact-sheet.js';
import { enlarge, padToEven } from './enlarge.js';
import { feedFrames, startFfmpeg, type FfmpegOutcome } from './ffmpeg-run.js';
import { endBySignal, throwIfInterrupted } from './interruption.js';
import { assertWritablePath, frameFileName, outputError } from './output-kind.js';

export interface WriteOptions extends PlacementOptions {
  /** Frames per second; without meaning for images. */
  frameRate: FrameRate;
  /** Screen pixels for one pixel, an integer; default 1. */
  scale?: number;
  signal?: AbortSignal | undefined;
  /** What the file of each frame of a folder is called, in it or in folders there; asked once the frame is there. Default: its number. */
  fileOf?: (index: number) => string;
}

/** A clip, image or folder of images that is on the disk. */
export interface WrittenClip {
  /** Path of the file or the folder. */
  path: string;
  /** Frames written. */
  frames: number;
  /** Size of the file, or of all files in the folder. */
  bytes: number;
}

type Frames = AsyncIterable<Frame> | Iterable<Frame>;

/**
 * Writes frames as a clip, of the kind that its name asks for. The file or folder appears whole or not at all, and takes the
 * place of an earlier one. Frames are taken as they are needed.
 * @param frames At least one; all of one size.
 * @throws {PxvError} OUTPUT where it cannot be written; INTERRUPTED where the signal is aborted; and what `frames`
 * throws.
 */
export async function writeClip(path: string, frames: Frames, options: WriteOptions): Promise<WrittenClip> {
  const { scale = 1, signal, confirm, fileOf = frameFileName } = options;
  const kind = await assertWritablePath(path);
  const source = checked(path, frames, signal);
  const enlarged = mapAsync(source, (frame) => enlarge(frame, scale));
  const make = async (temporary: string): Promise<Count> => {
    if (kind === 'png') return writeSheet(temporary, source, scale);
    if (kind === 'folder') return writeFolder(temporary, enlarged, fileOf);
    const pictures = kind === 'gif' ? enlarged : mapAsync(enlarged, padToEven);
    return encode(temporary, pictures, { mp4, webm, gif }[kind], path, options);
  };
  const written = await writeAtomically(path, make, { confirm });
  return { path, ...written };
}

type Count = Omit<WrittenClip, 'path'>;

/** Colours as browsers take them: 4:2:0, limited range, the matrix of BT.709, and a file that says so. */
const toLimitedRange = 'scale=out_color_matrix=bt709:out_range=limited:flags=area+accurate_rnd+full_chroma_inp';
const colours = [
  ...['-filter:v', `${toLimitedRange},format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709`],
  ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
];

/** H.264, the index first. The pictures are small, so that a high quality costs little. */
const mp4 = [
  ...colours,
  ...['-c:v', 'libx264', '-preset', 'medium', '-crf', '12'],
  ...['-movflags', '+faststart', '-f', 'mp4'],
];

/** VP9 of about the same quality; bitexact, or each file would be given another number. */
const webm = [
  ...colours,
  ...['-c:v', 'libvpx-vp9', '-b:v', '0', '-crf', '18', '-deadline', 'good', '-cpu-used', '4'],
  ...['-fflags', '+bitexact', '-f', 'webm'],
];

/**
 * One palette made for all frames, repeated for ever. Without dithering, which would draw a pattern over the squares that
 * pixels are shown as, and make twice as many bytes.
 */
const palette = 'split[a][b];[a]palettegen[palette];[b][palette]paletteuse=dither=none';
const gif = ['-filter:v', palette, '-loop', '0', '-f', 'gif'];

/** Bytes of FFmpeg itself, and of each colour that it counts for a palette. */
const FFMPEG = 60 * 2 ** 20;
const BYTES_OF_COLOUR = 64;
/** Colours that a clip has at most, where it is not of noise. */
const MOST_COLOURS = 2 ** 20;
/** Pixels that each line of a picture is rounded up to, of four bytes each. */
const PIXELS_OF_LINE = 64;

/** Bytes that FFmpeg holds for a gif: all of its frames, until the palette is made. See docs/measurements.md, "Memory". */
export function gifMemory(frames: number, { width, height }: Size): number {
  const frame = 4 * PIXELS_OF_LINE * Math.ceil(width / PIXELS_OF_LINE) * height;
  return FFMPEG + frames * frame + BYTES_OF_COLOUR * Math.min(MOST_COLOURS, frames * width * height);
}

/**
 * Joins films that `writeClip` has written, of one size and rate, without encoding them again.
 *
 * @param frames how many each has
 * @throws {PxvError} OUTPUT where it cannot be written
 */
export async function concatenateVideos(
  path: string,
  films: readonly { path: string; frames: number }[],
  frameRate: FrameRate,
): Promise<void> {
  const folder = makeTemporaryFolder('pxv-');
  try {
    const list = join(folder.path, 'films.txt');
    // Films begin when those before them end, whatever the order in which their frames are stored.
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
    await run.finished.then(expectWritten(path));
  } finally {
    folder.remove();
  }
}

async function encode(
  temporary: string,
  frames: AsyncIterable<Frame>,
  output: readonly string[],
  path: string,
  { frameRate, signal }: WriteOptions,
): Promise<Count> {
  const count = await feedFrames(
    frames,
    { frameRate, signal },
    (input, inputOptions) => startFfmpeg({ input, inputOptions, outputOptions: output, outputPath: temporary }),
    expectWritten(path, signal),
  );
  return { frames: count, bytes: (await stat(temporary)).size };
}

/** What throws where FFmpeg has not written all that it was to write. */
function expectWritten(path: string, signal?: AbortSignal) {
  return async ({ failure, firstError, wasSignalled }: FfmpegOutcome): Promise<void> => {
    if (wasSignalled) throw await endBySignal('write video', path, signal);
    // Where the disk is full for the file's end, some versions say so and end as if all were well.
    const why = failure ?? firstError;
    if (why === null) return;
    const remedy = 'free the disk, or set PXV_FFMPEG to an FFmpeg with libx264 and libvpx';
    throw errorFactory('OUTPUT', 'write video')(path, 'FFmpeg to take every frame', why, remedy);
  };
}

async function writeSheet(temporary: string, frames: AsyncIterable<Frame>, scale: number): Promise<Count> {
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  const png = await encodePng(await contactSheet(all, { scale }));
  await writeFile(temporary, png);
  return { frames: all.length, bytes: png.length };
}

async function writeFolder(
  temporary: string,
  frames: AsyncIterable<Frame>,
  fileOf: (index: number) => string,
): Promise<Count> {
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

/** The frames as they come, once it is sure that there are some, that they are alike and that nobody asked to stop. */
async function* checked(path: string, frames: Frames, signal?: AbortSignal): AsyncGenerator<Frame> {
  let first: Frame | null = null;
  for await (const frame of frames) {
    throwIfInterrupted(signal, 'write video', path);
    first ??= frame;
    if (frame.width !== first.width || frame.height !== first.height || frame.channels !== first.channels) {
      throw outputError(path, `frames of ${shape(first)}`, `one of ${shape(frame)}`);
    }
    yield frame;
  }
  throwIfInterrupted(signal, 'write video', path);
  if (first === null) throw outputError(path, 'at least one frame', 'none');
}

/** What becomes of each item as it comes. */
export async function* mapAsync<From, To>(
  items: AsyncIterable<From>,
  change: (item: From) => To | Promise<To>,
): AsyncGenerator<To> {
  for await (const item of items) yield await change(item);
}

const shape = ({ width, height, channels }: Frame) => `${width}x${height}x${channels}`;
