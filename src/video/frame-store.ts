import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PxvError } from '../foundation/errors.js';
import type { Channels, Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { numberOf } from '../foundation/number-of.js';
import { writeAtomically } from '../foundation/write-file.js';
import { type ClipSource, reasonToLeaveOut } from './clip-list.js';
import { openClip, type ClipReader } from './clip-reader.js';
import { expectDiskSpace } from './disk-space.js';
import { defaultFrameRate } from './frame-rate.js';
import { numberedImages } from './image-folder.js';
import type { ShortSide } from './picture-size.js';
import type { Fit } from './resample.js';

export interface FrameStoreOptions {
  /** One for all clips, or each clip's own aspect. */
  size: Size | ShortSide;
  channels: Channels;
  /** Default `crop`. */
  fit?: Fit;
  /** Default: each clip's own; see `ClipOptions`. */
  frameRate?: FrameRate | undefined;
  /** Called before each clip that must be decoded, every hundred of its frames, and when it is done. */
  onProgress?: (progress: DecodingProgress) => void;
  /** Bytes that are free on the disk of a folder. Default: as the system tells. */
  freeBytes?: (folder: string) => Promise<number>;
  signal?: AbortSignal;
}

export interface DecodingProgress {
  /** Clips decoded, with about the share of the one at hand. */
  done: number;
  /** Those that must be decoded. */
  clips: number;
  /** Of the one at hand. */
  name: string;
}

export interface StoredClip {
  name: string;
  /** Of its frames. */
  size: Size;
  frames: number;
  frameRate: FrameRate;
  /** One line where the file was damaged or broke off, else null. */
  warning: string | null;
  /** One line where the clip could not be read: then it has no frames; else null. */
  unreadable: string | null;
  /** SHA-256 of the frames' bytes, as they were decoded, in hexadecimal; null where the clip could not be read. */
  sha256: string | null;
}

/** Decoded clips on disk, for reading at random. */
export interface FrameStore {
  readonly clips: readonly StoredClip[];
  /**
   * Reads `count` frames from number `first` on: `height x width x channels` bytes, frame after frame.
   *
   * @throws {PxvError} USAGE where the clip has no such frames or `into` is too small, INPUT where the file was cut.
   */
  read(clip: number, first: number, count: number, into: Uint8Array): void;
  close(): Promise<void>;
}

/** What a store file says of itself. It stands behind the frames, in JSON, followed by its length in 4 bytes. */
interface Footer extends Omit<StoredClip, 'name' | 'unreadable' | 'sha256'> {
  sha256: string;
  /** Identifies the state of the source from which the frames were decoded. */
  stamp: string;
}

/** Files that are kept open for reading; the one unused for longest is closed for another. */
const openFiles = 200;

/**
 * Opens a store in `folder`, and decodes into it the clips that are not there yet, or whose source or geometry has
 * changed. A clip is one file; it appears whole or not at all. One that cannot be read is no error where it was found in
 * a folder: it has no frames.
 *
 * @throws {PxvError} INPUT, naming the clip, where one that was given itself cannot be read; OUTPUT where `folder` cannot
 * be written to; INTERRUPTED where the signal is aborted: what has been decoded by then stays.
 */
export async function openFrameStore(
  folder: string,
  clips: readonly ClipSource[],
  options: FrameStoreOptions,
): Promise<FrameStore> {
  const stored: (StoredClip & { file: string })[] = [];
  const found: FoundClip[] = [];
  for (const clip of clips) found.push(await findClip(folder, clip, options));
  await expectRoom(folder, found, options);
  const toDecode = found.filter(({ opened }) => opened !== null).length;
  let done = 0;
  for (const { clip, file, stamp, kept, opened, unreadable } of found) {
    const { name } = clip;
    const report = (share: number) => options.onProgress?.({ done: done + share, clips: toDecode, name });
    let [footer, reason] = [kept, unreadable];
    if (opened !== null) {
      try {
        footer = await decode(opened, file, stamp, report);
      } catch (error) {
        reason = reasonToLeaveOut(clip, error);
      }
      done += 1;
      report(0);
    }
    const { size, frames, frameRate, warning, sha256 } = footer ?? noFrames;
    stored.push({ file, name, size, frames, frameRate, warning, unreadable: reason, sha256 });
  }

  /** In order of use, the latest last. */
  const descriptors = new Map<number, number>();
  function descriptor(clip: number, file: string): number {
    const kept = descriptors.get(clip);
    const fd = kept ?? openSync(file, 'r');
    descriptors.delete(clip);
    descriptors.set(clip, fd);
    const [oldest] = descriptors;
    if (oldest && descriptors.size > openFiles) {
      descriptors.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    return fd;
  }

  return {
    clips: stored.map(({ name, size, frames, frameRate, warning, unreadable, sha256 }) => ({
      name,
      size,
      frames,
      frameRate,
      warning,
      unreadable,
      sha256,
    })),
    read(clip, first, count, into) {
      const entry = stored[clip];
      const end = first + count;
      const frameBytes = entry ? bytesOf(entry.size, options.channels) : 1;
      if (!entry || first < 0 || count < 0 || end > entry.frames || into.length < count * frameBytes) {
        throw new PxvError({
          code: 'USAGE',
          operation: 'read stored frames',
          argument: entry?.name ?? `clip ${clip}`,
          expected: entry
            ? `frames within 0 to ${entry.frames} and room for them`
            : `a clip from 0 to ${stored.length - 1}`,
          received: `frames ${first} to ${end} and room for ${into.length / frameBytes}`,
          remedy: 'ask for frames that the clip has',
        });
      }
      const fd = descriptor(clip, entry.file);
      for (let done = 0; done < count * frameBytes;) {
        const got = readSync(fd, into, done, count * frameBytes - done, first * frameBytes + done);
        if (got === 0) throw cutOff(entry.file);
        done += got;
      }
    },
    close() {
      for (const fd of descriptors.values()) closeSync(fd);
      descriptors.clear();
      return Promise.resolve();
    },
  };
}

const noFrames = { size: { width: 0, height: 0 }, frames: 0, frameRate: defaultFrameRate, warning: null, sha256: null };

/** A clip, and what is there of it already. */
interface FoundClip {
  clip: ClipSource;
  file: string;
  stamp: string;
  /** Of the file, where it serves. */
  kept: Footer | null;
  /** The clip, where it is to be decoded. */
  opened: ClipReader | null;
  /** Why it cannot be. */
  unreadable: string | null;
}

async function findClip(folder: string, clip: ClipSource, options: FrameStoreOptions): Promise<FoundClip> {
  const { channels, fit, frameRate, signal } = options;
  const file = join(folder, storeName(clip.path, options));
  const stamp = await sourceStamp(clip.path);
  const footer = await readFooter(file, channels);
  const found = { clip, file, stamp, kept: null, opened: null, unreadable: null };
  if (footer?.stamp === stamp) return { ...found, kept: footer };
  const reading = { size: options.size, channels, ...(fit && { fit }), frameRate, ...(signal && { signal }) };
  try {
    return { ...found, opened: await openClip(clip.path, reading) };
  } catch (error) {
    return { ...found, unreadable: reasonToLeaveOut(clip, error) };
  }
}

/** Refuses frames that the disk cannot hold, before the first is decoded. */
async function expectRoom(
  folder: string,
  found: readonly FoundClip[],
  { size, channels, freeBytes }: FrameStoreOptions,
): Promise<void> {
  const frames = found.reduce((sum, { opened }) => sum + (opened?.aboutFrames ?? 0), 0);
  const bytes = found.reduce(
    (sum, { opened }) => sum + (opened === null ? 0 : (opened.aboutFrames ?? 0) * bytesOf(opened.size, channels)),
    0,
  );
  const how = 'shortSide' in size ? `a short side of ${size.shortSide}` : `${size.width}x${size.height}`;
  const need = {
    folder,
    bytes,
    what: `${numberOf(frames, 'frame')} of ${how}`,
    remedy: 'take a smaller --size or fewer clips, or a folder on another disk',
  };
  await expectDiskSpace(need, freeBytes);
}

async function decode(clip: ClipReader, file: string, stamp: string, report: (share: number) => void): Promise<Footer> {
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
        // The number of frames that a file tells may be too small.
        if (frames % 100 === 0) report(Math.min(0.99, frames / (clip.aboutFrames ?? Infinity)));
      }
      const sha256 = hash.digest('hex');
      const footer: Footer = {
        stamp,
        size: clip.size,
        sha256,
        frames,
        frameRate: clip.frameRate,
        warning: clip.warning,
      };
      const json = Buffer.from(JSON.stringify(footer));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(json.length);
      await output.writeFile(Buffer.concat([json, length]));
      return footer;
    } finally {
      await output.close();
    }
  });
}

/** Null where there is no such file, or none that was written whole and is as it was. */
async function readFooter(file: string, channels: Channels): Promise<Footer | null> {
  const input = await open(file, 'r').catch(() => null);
  if (!input) return null;
  try {
    const { size } = await input.stat();
    const { buffer: tail } = await input.read(Buffer.alloc(4), 0, 4, size - 4);
    const length = tail.readUInt32LE();
    if (length + 4 > size) return null;
    const { buffer: json } = await input.read(Buffer.alloc(length), 0, length, size - 4 - length);
    const footer = JSON.parse(json.toString()) as Footer;
    const isWhole =
      'sha256' in footer && 'size' in footer && footer.frames * bytesOf(footer.size, channels) + length + 4 === size;
    return isWhole && (await hashOf(file, size - length - 4)) === footer.sha256 ? footer : null;
  } catch {
    return null;
  } finally {
    await input.close();
  }
}

/** SHA-256 of the first so many bytes of a file. */
async function hashOf(file: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  if (bytes > 0) for await (const chunk of createReadStream(file, { end: bytes - 1 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** One name for each source and geometry, so that a store can serve models of several sizes. */
function storeName(path: string, { size, channels, fit = 'crop', frameRate }: FrameStoreOptions): string {
  const rate = frameRate ? `${frameRate.numerator}/${frameRate.denominator}` : null;
  const identity = [resolve(path), size, channels, fit, rate];
  return `${createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32)}.frames`;
}

function bytesOf({ width, height }: Size, channels: Channels): number {
  return width * height * channels;
}

/** Size and time of change of a file, or of every image in a folder. */
async function sourceStamp(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null);
  if (!stats?.isDirectory()) return `${stats?.size} ${stats?.mtimeMs}`;
  const hash = createHash('sha256');
  for (const name of numberedImages(await readdir(path))) {
    const image = await stat(join(path, name)).catch(() => null);
    hash.update(JSON.stringify([name, image?.size, image?.mtimeMs]));
  }
  return hash.digest('hex');
}

function cutOff(file: string): PxvError {
  return new PxvError({
    code: 'INPUT',
    operation: 'read stored frames',
    argument: file,
    expected: 'the frames that were written',
    received: 'a file that was cut off since',
    remedy: 'delete it, so that the clip is decoded again',
  });
}
