import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { PxvError } from '../errors.js';
import type { Frame } from '../frame.js';
import type { FrameRate } from '../frame-rate.js';
import { checkWritable, writeAtomically } from './atomic-output.js';
import { contactSheet, encodePng } from './contact-sheet.js';
import { enlarge, padToEven } from './enlarge.js';
import { expectReplaceable, type ReplaceOptions } from './existing-output.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { feedFrames } from './feed-frames.js';
import { startFfmpeg } from './ffmpeg-run.js';
import { interruption, throwIfInterrupted } from './interruption.js';

/** What a clip can be written as. A `.png` file is a contact sheet, a folder holds one PNG file a frame. */
export type OutputKind = 'mp4' | 'gif' | 'png' | 'folder';

export interface WriteOptions {
  /** Frames per second; without meaning for images. */
  frameRate: FrameRate;
  /** Screen pixels for one pixel, an integer; default 1. */
  scale?: number;
  signal?: AbortSignal;
}

export interface WrittenClip {
  path: string;
  frames: number;
  /** Size of the file, or of all files in the folder. */
  bytes: number;
}

type Frames = AsyncIterable<Frame> | Iterable<Frame>;

const kinds: Record<string, OutputKind> = { '.mp4': 'mp4', '.gif': 'gif', '.png': 'png', '': 'folder' };
const ownFrame = /^\d{5,}\.png$/;

/** What a path asks for by its extension; null where nothing can be written as that. */
export function outputKind(path: string): OutputKind | null {
  return /[/\\]$/.test(path) ? 'folder' : (kinds[extname(path).toLowerCase()] ?? null);
}

/**
 * Makes sure, before work is spent on it, that a clip can be written to `path`: by its extension, `.mp4`, `.gif`,
 * `.png`, or none for a folder; and that it destroys nothing (see `expectReplaceable`). A missing parent folder is
 * created.
 *
 * @throws {PxvError} OUTPUT where it cannot be written or exists; USAGE where it is an input; DEPENDENCY where FFmpeg is
 * needed and missing.
 */
export async function checkOutput(path: string, options: ReplaceOptions = {}): Promise<OutputKind> {
  const kind = expectKind(path);
  await checkPlace(path, kind);
  await expectReplaceable(path, options);
  return kind;
}

function expectKind(path: string): OutputKind {
  const kind = outputKind(path);
  if (kind !== null) return kind;
  throw refused(path, 'a name that ends in .mp4, .gif or .png, or a folder', `a name that ends in ${extname(path)}`);
}

async function checkPlace(path: string, kind: OutputKind): Promise<void> {
  if (kind === 'mp4' || kind === 'gif') findFfmpeg();
  const existing = await stat(path).catch(() => null);
  if (existing && kind === 'folder') {
    if (!existing.isDirectory()) throw refused(path, 'a folder', 'a file of that name');
    const foreign = (await readdir(path)).find((name) => !ownFrame.test(name));
    if (foreign !== undefined)
      throw refused(path, 'a new or empty folder, or one of numbered PNG files', `one with ${foreign}`);
  }
  if (existing?.isDirectory() && kind !== 'folder') throw refused(path, 'a file', 'a folder of that name');
  await checkWritable(path);
}

/**
 * Writes frames as a clip, of the kind that its name asks for. The file or folder appears whole or not at all, and takes the
 * place of an earlier one. Frames are taken as they are needed.
 *
 * @param frames At least one; all of one size.
 * @throws {PxvError} OUTPUT where it cannot be written; INTERRUPTED where the signal is aborted; and what `frames`
 * throws.
 */
export async function writeClip(path: string, frames: Frames, options: WriteOptions): Promise<WrittenClip> {
  const { scale = 1, signal } = options;
  const kind = expectKind(path);
  await checkPlace(path, kind);
  const source = checked(path, frames, signal);
  const enlarged = mapped(source, (frame) => enlarge(frame, scale));
  const written = await writeAtomically(path, async (temporary) => {
    switch (kind) {
      case 'mp4':
        return encode(temporary, mapped(enlarged, padToEven), mp4, path, options);
      case 'gif':
        return encode(temporary, enlarged, gif, path, options);
      case 'png':
        return writeSheet(temporary, source, scale);
      case 'folder':
        return writeFolder(temporary, enlarged);
    }
  });
  return { path, ...written };
}

type Count = Omit<WrittenClip, 'path'>;

/**
 * H.264 as browsers play it: 4:2:0, limited range, the matrix of BT.709 and a file that says so; the index first. The
 * pictures are small, so that a high quality costs little.
 */
const toLimitedRange = 'scale=out_color_matrix=bt709:out_range=limited:flags=area+accurate_rnd+full_chroma_inp';
const mp4 = [
  ...['-filter:v', `${toLimitedRange},format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709`],
  ...['-c:v', 'libx264', '-preset', 'medium', '-crf', '12'],
  ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
  ...['-movflags', '+faststart', '-f', 'mp4'],
];

/** One palette made for all frames, repeated for ever. */
const gif = ['-filter:v', 'split[a][b];[a]palettegen[palette];[b][palette]paletteuse', '-loop', '0', '-f', 'gif'];

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
    ({ failure, wasSignalled }) => {
      if (wasSignalled) throw interruption('write video', path, signal?.reason);
      if (failure !== null) throw encoderFailed(path, failure);
    },
  );
  return { frames: count, bytes: (await stat(temporary)).size };
}

async function writeSheet(temporary: string, frames: AsyncIterable<Frame>, scale: number): Promise<Count> {
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  const png = await encodePng(contactSheet(all, { scale }));
  await writeFile(temporary, png);
  return { frames: all.length, bytes: png.length };
}

async function writeFolder(temporary: string, frames: AsyncIterable<Frame>): Promise<Count> {
  await mkdir(temporary);
  const count = { frames: 0, bytes: 0 };
  for await (const frame of frames) {
    const png = await encodePng(frame);
    await writeFile(join(temporary, `${String(count.frames).padStart(5, '0')}.png`), png);
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
      throw refused(path, `frames of ${shape(first)}`, `one of ${shape(frame)}`);
    }
    yield frame;
  }
  throwIfInterrupted(signal, 'write video', path);
  if (first === null) throw refused(path, 'at least one frame', 'none');
}

async function* mapped(frames: AsyncIterable<Frame>, change: (frame: Frame) => Frame): AsyncGenerator<Frame> {
  for await (const frame of frames) yield change(frame);
}

const shape = ({ width, height, channels }: Frame) => `${width}x${height}x${channels}`;

function refused(path: string, expected: string, received: string): PxvError {
  return new PxvError({
    code: 'OUTPUT',
    operation: 'write video',
    argument: path,
    expected,
    received,
    remedy: 'choose another output',
  });
}

function encoderFailed(path: string, failure: string): PxvError {
  return new PxvError({
    code: 'OUTPUT',
    operation: 'write video',
    argument: path,
    expected: 'FFmpeg to take every frame',
    received: failure,
    remedy: 'free the disk, or set PXV_FFMPEG to an FFmpeg with libx264',
  });
}
