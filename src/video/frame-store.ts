import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import type { Channels, Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { frameBytes } from '../foundation/levels.js';
import { pluralize } from '../foundation/pluralize.js';
import { sha256 } from '../foundation/sha256.js';
import { isSystemError, writeAtomically } from '../foundation/write-file.js';
import { splitAddress } from './clip-address.js';
import { skipReason, type ClipSource } from './clip-list.js';
import { openClip, type ClipOptions, type ClipReader } from './clip-reader.js';
import { assertDiskSpace } from './disk-space.js';
import { defaultFrameRate } from './constant-rate.js';
import { filterNumberedImages } from './image-folder.js';
import type { ShortSide } from './target-size.js';

/** Options for a frame store. */
export interface FrameStoreOptions extends Omit<ClipOptions, 'levels'> {
  /** Size of the frames: a fixed size for all clips, or a short side at each clip's own aspect ratio. */
  size: Size | ShortSide;
  /**
   * Called before each clip to decode, every 100 frames, and when the clip is done. `clips` is the number of clips to
   * decode, without those decoded before. `done` is the number decoded, with the estimated fraction of the current clip
   * `name`.
   */
  onProgress?: (progress: { done: number; clips: number; name: string }) => void;
  /** Returns the free bytes of the disk of a folder. Default: asks the system. */
  freeBytes?: (folder: string) => Promise<number>;
}

/** Facts about a clip in a frame store. */
export interface StoredClip {
  name: string;
  /** Size of the clip's frames. */
  size: Size;
  /** Number of frames. */
  frames: number;
  frameRate: FrameRate;
  /** Warning of one line if the file was damaged or truncated, else null. */
  warning: string | null;
  /** Reason, in one line, if the clip could not be read and has no frames; else null. */
  unreadable: string | null;
  /** SHA-256 of the decoded frames' bytes, in hexadecimal; null if the clip could not be read. */
  sha256: string | null;
}

/** Decoded clips on disk, for random access. */
export interface FrameStore {
  readonly clips: readonly StoredClip[];
  /**
   * Reads `count` frames of the clip with index `clip`, from frame `first` on, into `into`: `height x width x channels`
   * bytes per frame.
   * @throws PxvError `USAGE` if the clip has no such frames or `into` is too small; `INPUT` if the file was truncated
   */
  read(clip: number, first: number, count: number, into: Uint8Array): void;
}

const READING = 'read stored frames';

/** Facts about the frames in a clip's file: stored after the frames as JSON, followed by its length in 4 bytes. */
type Footer = Omit<StoredClip, 'name' | 'unreadable'>;

/**
 * Opens a frame store in `folder`. Decodes the clips that are missing there, or whose source or geometry changed. Each
 * clip is one file, written atomically. A clip that was found in a folder and cannot be read gets no frames (see
 * `StoredClip.unreadable`).
 * @param sources clips of the store; their order gives the clips' indices
 * @throws PxvError `INPUT`, naming the clip, if an explicit clip cannot be read; `OUTPUT` if `folder` cannot be written
 *   to; `RESOURCES` if the disk is too small; `DEPENDENCY` if there is no FFmpeg; the signal's reason if aborted: clips
 *   decoded before stay
 */
export async function openFrameStore(
  folder: string,
  sources: readonly ClipSource[],
  options: FrameStoreOptions,
): Promise<FrameStore> {
  const { channels, onProgress } = options;
  const found: FoundClip[] = [];
  for (const source of sources) found.push(await findClip(folder, source, options));
  const readers = found.flatMap(({ reader }) => reader ?? []);
  await assertRoom(folder, readers, options);
  let done = 0;
  for (const clip of found) {
    const { source, reader } = clip;
    if (reader === null) continue;
    const report = (share: number) => onProgress?.({ done: done + share, clips: readers.length, name: source.name });
    try {
      clip.footer = await decode(reader, clip, report);
    } catch (error) {
      clip.unreadable = skipReason(source, error);
    }
    done += 1;
    report(0);
  }
  const clips = found.map(({ source: { name }, footer, unreadable }) => {
    return { name, unreadable, ...(footer ?? noFrames) };
  });
  return storeOf(clips, found, channels);
}

/**
 * Opens a frame store that another process has filled by `openFrameStore`, without decoding or verifying checksums.
 * @param sources clips in the other process's order
 * @param options options of the other process
 * @param clips `clips` of the other process's store
 * @throws PxvError `INPUT` if the decoded clips are missing
 */
export function openDecodedFrameStore(
  folder: string,
  sources: readonly ClipSource[],
  options: FrameStoreOptions,
  clips: readonly StoredClip[],
): FrameStore {
  const files = sources.map(({ path }) => ({ file: join(folder, storeName(path, options)) }));
  const absent = clips.find(({ frames }, clip) => frames > 0 && !existsSync(files[clip]?.file ?? ''));
  if (absent === undefined) return storeOf(clips, files, options.channels);
  const remedy = 'put the clips and the folder of the run where all ranks see them';
  throw errorFactory('INPUT', READING)(folder, `the decoded frames of ${absent.name}`, 'a folder without them', remedy);
}

/** Returns a store over decoded files. @param files files of the clips, in the order of `clips` */
function storeOf(clips: readonly StoredClip[], files: readonly { file: string }[], channels: Channels): FrameStore {
  return {
    clips,
    read(clip, first, count, into) {
      const stored = clips[clip];
      const end = first + count;
      const bytes = stored ? frameBytes({ size: stored.size, channels }) : 1;
      if (!stored || first < 0 || count < 0 || end > stored.frames || into.length < count * bytes) {
        const argument = stored?.name ?? `clip ${clip}`;
        const room = `frames within 0 to ${stored?.frames} and room for them`;
        const received = `frames ${first} to ${end} and room for ${into.length / bytes}`;
        const expected = stored ? room : `a clip from 0 to ${clips.length - 1}`;
        throw errorFactory('USAGE', READING)(argument, expected, received, 'ask for frames that the clip has');
      }
      if (count > 0) readAt(files[clip].file, first * bytes, into.subarray(0, count * bytes));
    },
  };
}

/** Fills `into` with the bytes of a file from position `place` on. */
function readAt(path: string, place: number, into: Uint8Array): void {
  const unreadable = (received: string, remedy: string, cause?: unknown) =>
    errorFactory('INPUT', READING)(path, 'the frames that were written', received, remedy, { cause });
  let file = -1;
  try {
    file = openSync(path, 'r');
    for (let done = 0; done < into.length;) {
      const got = readSync(file, into, done, into.length - done, place + done);
      if (got === 0)
        throw unreadable('a file that was truncated since', 'delete it, so that the clip is decoded again');
      done += got;
    }
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw unreadable(cause.message, 'run it again, so that the clip is decoded again', cause);
  } finally {
    if (file >= 0) closeSync(file);
  }
}

/** Clip and its decoded file, if there is one. */
interface FoundClip {
  source: ClipSource;
  file: string;
  /** Identifier of the state of the source, stored in the decoded file. */
  stamp: string;
  /** Footer of the decoded file; null if there is none or the file is out of date. */
  footer: Footer | null;
  /** Reader of a clip that must be decoded; else null. */
  reader: ClipReader | null;
  /** Reason why the clip cannot be read; else null. */
  unreadable: string | null;
}

async function findClip(folder: string, source: ClipSource, options: FrameStoreOptions): Promise<FoundClip> {
  const file = join(folder, storeName(source.path, options));
  const stamp = await sourceStamp(source.path);
  const footer = await readFooter(file, stamp, options.channels);
  const found = { source, file, stamp, footer, reader: null, unreadable: null };
  if (footer !== null) return found;
  try {
    return { ...found, reader: await openClip(source.path, options) };
  } catch (error) {
    return { ...found, unreadable: skipReason(source, error) };
  }
}

const noFrames = { size: { width: 0, height: 0 }, frames: 0, frameRate: defaultFrameRate, warning: null, sha256: null };

/** Throws RESOURCES if the disk has too little room for the decoded frames. */
async function assertRoom(
  folder: string,
  readers: readonly ClipReader[],
  { size, channels, freeBytes }: FrameStoreOptions,
): Promise<void> {
  const counts = readers.map(({ estimatedFrames }) => estimatedFrames ?? 0);
  const frames = counts.reduce((sum, count) => sum + count, 0);
  const bytes = readers.reduce((sum, own, clip) => sum + counts[clip] * frameBytes({ size: own.size, channels }), 0);
  const how = 'shortSide' in size ? `a short side of ${size.shortSide}` : `${size.width}x${size.height}`;
  const what = `${pluralize(frames, 'frame')} of ${how}`;
  const remedy = 'use a smaller --size or fewer clips, or a folder on another disk';
  await assertDiskSpace({ folder, bytes, what, remedy }, freeBytes);
}

async function decode(clip: ClipReader, { file, stamp }: FoundClip, report: (share: number) => void): Promise<Footer> {
  report(0);
  return writeAtomically(file, async (temporary) => {
    const output = await open(temporary, 'wx');
    try {
      let frames = 0;
      const hash = createHash('sha256');
      for await (const { data } of clip.frames()) {
        hash.update(data);
        await output.writeFile(data);
        frames += 1;
        // The stated number of frames may be too small.
        if (frames % 100 === 0) report(Math.min(0.99, frames / (clip.estimatedFrames ?? Infinity)));
      }
      const { size, frameRate, warning } = clip;
      const footer = { size, sha256: hash.digest('hex'), frames, frameRate, warning };
      const json = Buffer.from(JSON.stringify({ stamp, ...footer }));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(json.length);
      await output.writeFile(Buffer.concat([json, length]));
      return footer;
    } finally {
      await output.close();
    }
  });
}

/**
 * Returns the footer of a decoded file; null if the file is missing, incomplete, changed, or of another state of the
 * source.
 */
async function readFooter(file: string, stamp: string, channels: Channels): Promise<Footer | null> {
  const input = await open(file, 'r').catch(() => null);
  if (!input) return null;
  try {
    const { size } = await input.stat();
    const { buffer: tail } = await input.read(Buffer.alloc(4), 0, 4, size - 4);
    const end = size - 4 - tail.readUInt32LE();
    if (end < 0) return null;
    const { buffer: json } = await input.read(Buffer.alloc(size - 4 - end), 0, size - 4 - end, end);
    const { stamp: before, ...footer } = JSON.parse(json.toString()) as Footer & { stamp: string };
    const isWhole = before === stamp && footer.frames * frameBytes({ size: footer.size, channels }) === end;
    return isWhole && (await sha256(file, end)) === footer.sha256 ? footer : null;
  } catch {
    return null;
  } finally {
    await input.close();
  }
}

/** Returns the file name for a source and geometry, so that one store serves models of several sizes. */
function storeName(path: string, { size, channels, fit = 'crop', frameRate }: FrameStoreOptions): string {
  const rate = frameRate ? `${frameRate.numerator}/${frameRate.denominator}` : null;
  const identity = [resolve(path), size, channels, fit, rate];
  return `${createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32)}.frames`;
}

/** Returns size and modification time of a file, or a hash of both for every image in a folder. */
async function sourceStamp(path: string): Promise<string> {
  const stats = await stat(splitAddress(path).file).catch(() => null);
  if (!stats?.isDirectory()) return `${stats?.size} ${stats?.mtimeMs}`;
  const hash = createHash('sha256');
  // `openClip` reports a folder that cannot be read.
  for (const name of filterNumberedImages(await readdir(path).catch(() => []))) {
    const image = await stat(join(path, name)).catch(() => null);
    hash.update(JSON.stringify([name, image?.size, image?.mtimeMs]));
  }
  return hash.digest('hex');
}
