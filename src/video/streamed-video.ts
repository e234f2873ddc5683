import { Readable } from 'node:stream';
import { errorFactory } from '../foundation/errors.js';
import type { Frame, IndexedFrame, Size } from '../foundation/frame.js';
import { formatFrameRate, framesPerSecond, type FrameRate } from '../foundation/frame-rate.js';
import { quantizeFrames } from '../foundation/levels.js';
import type { ClipOptions } from './clip-reader.js';
import { dropLateFrames } from './drop-late-frames.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { rawInput, readOutput, startFfmpeg } from './ffmpeg-run.js';
import { defaultFrameRate, frameRateBetween } from './constant-rate.js';
import { isFixedSize, type TargetSize } from './target-size.js';
import { parseVideoStream } from './stream-info.js';
import { coveringSides, scaler } from './video-file.js';

/** Options for reading the frames of a stream. */
export interface StreamOptions extends ClipOptions {
  /**
   * Size of the frames if the bytes are raw RGB frames: a byte per sub-pixel, row by row. Raw frames are assumed to
   * come at `frameRate`, or 25 per second. Default: the bytes are a video in any format that FFmpeg reads.
   */
  rawSize?: Size | undefined;
  /**
   * Called for each frame that is dropped, as the frames before it wait: see `dropLateFrames`. Default: none is
   * dropped, and a slow consumer holds up the sender.
   */
  onDrop?: (() => void) | undefined;
}

/** Video that is read once, as its bytes arrive. Leaving the loop over `frames` ends the reading. */
export interface StreamedVideo {
  /** Size of the frames that are read. */
  size: Size;
  /** Frames per second: the requested rate, else the stream's own, or 25 if the stream states none. */
  frameRate: FrameRate;
  /**
   * Frames in order, as they arrive; with `onDrop`, each with its index. Aborting the signal ends the iteration without
   * an error.
   */
  frames: AsyncGenerator<Frame | IndexedFrame, void>;
}

/** Name of the stream in messages. */
const NAME = 'standard input';
/** Seconds of frames that may wait before later ones are dropped. */
const WAITING_SECONDS = 2;
/** Minimum number of waiting frames, so that context frames fit, and their maximum bytes: a stream states its rate. */
const MIN_WAITING_FRAMES = 32;
const MAX_WAITING_BYTES = 2 ** 26;
/** Number of packets, some seconds of video, that FFmpeg holds while pxv takes none: the sender need not wait. */
const WAITING_PACKETS = '256';

/**
 * Opens a video that arrives as a stream, as from a camera, and waits for its first frame.
 * @throws PxvError `INPUT` if no frame arrives; `DEPENDENCY` if there is no FFmpeg; the signal's reason if aborted
 *   before the first frame
 */
export async function openStream(bytes: AsyncIterable<Uint8Array>, options: StreamOptions): Promise<StreamedVideo> {
  const input = bytes instanceof Readable ? bytes : Readable.from(bytes);
  const { channels, levels = 256, frameRate: asked, rawSize, signal, onDrop } = options;
  const { passthroughOptions } = await findFfmpeg();
  const log: string[] = [];
  let endInputLog = () => {};
  const inputLog = new Promise<void>((resolve) => (endInputLog = resolve));
  const run = await startFfmpeg({
    input,
    inputOptions: [
      ...(onDrop === undefined ? [] : ['-thread_queue_size', WAITING_PACKETS]),
      ...(rawSize === undefined
        ? ['-flags', 'low_delay']
        : rawInput({ ...rawSize, channels: 3 }, asked ?? defaultFrameRate)),
    ],
    outputOptions: [
      ...['-map', '0:V:0', '-filter:v', filters(options), ...(asked === undefined ? passthroughOptions : [])],
      ...['-f', 'image2pipe', '-flush_packets', '1', '-c:v', channels === 1 ? 'pgm' : 'ppm'],
    ],
    onLine: (line) => {
      if (line.startsWith('[info]')) log.push(line);
      if (line.startsWith('[info] Output #0')) endInputLog();
    },
  });
  const stop = () => run.kill();
  signal?.addEventListener('abort', stop);
  // A signal that was aborted before has no event to come.
  if (signal?.aborted) stop();
  async function* frames() {
    try {
      yield* pictures(readOutput(run, NAME, undefined, Infinity), channels);
    } catch (error) {
      // After an interruption, the frames that arrived are all there is.
      if (!signal?.aborted) throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      input.destroy();
    }
  }
  const source = frames();
  const first = await source.next();
  if (first.done) {
    signal?.throwIfAborted();
    const { failure, firstError } = await run.finished;
    const received = firstError ?? failure ?? 'no picture';
    throw errorFactory('INPUT', 'read video')(NAME, 'a video, or raw frames with --raw', received, 'check the input');
  }
  async function* all() {
    try {
      yield first.value as Frame;
      yield* source;
    } finally {
      await source.return();
    }
  }
  // The first frame may come before the log, which states the rate.
  await Promise.race([inputLog, run.finished]);
  const average = parseVideoStream(log)?.averageRate;
  const own = average == null ? defaultFrameRate : frameRateBetween(average - 0.005, average + 0.005);
  const { width, height } = first.value;
  const frameRate = asked ?? own;
  const wanted = Math.min(WAITING_SECONDS * framesPerSecond(frameRate), MAX_WAITING_BYTES / first.value.data.length);
  const capacity = Math.max(MIN_WAITING_FRAMES, Math.ceil(wanted));
  const kept = onDrop === undefined ? all() : dropLateFrames(all(), capacity, onDrop, stop);
  return { size: { width, height }, frameRate, frames: quantizeFrames(kept, levels) };
}

function filters({ size, channels, fit = 'crop', frameRate, rawSize }: StreamOptions): string {
  const [width, height] = sidesOf(size, fit);
  return [
    ...(rawSize === undefined && frameRate !== undefined ? [`fps=${formatFrameRate(frameRate)}`] : []),
    `scale=w='${width}':h='${height}':${scaler}`,
    `format=${channels === 1 ? 'gray' : 'rgb24'}`,
    ...(isFixedSize(size) ? [`crop=${size.width}:${size.height}`] : []),
  ].join(',');
}

/** Returns expressions of FFmpeg for width and height, by the frames' aspect ratio, `dar`. */
function sidesOf(size: TargetSize, fit: 'crop' | 'stretch'): [string, string] {
  if ('shortSide' in size) return coveringSides(size.shortSide, size.shortSide);
  if (isFixedSize(size))
    return fit === 'crop' ? coveringSides(size.width, size.height) : [`${size.width}`, `${size.height}`];
  const { width, height } = size.within;
  return [`min(${width},max(1,round(${height}*dar)))`, `min(${height},max(1,round(${width}/dar)))`];
}

/** Parses frames in PNM format: `P5` or `P6`, width, height, maximum value, then the bytes. */
async function* pictures(chunks: AsyncIterable<Uint8Array>, channels: Frame['channels']): AsyncGenerator<Frame, void> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of chunks) {
    bytes = bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([bytes, chunk]);
    for (let heading = headingOf(bytes); heading !== null; heading = headingOf(bytes)) {
      const { width, height, length } = heading;
      const end = length + width * height * channels;
      if (bytes.length < end) break;
      yield { width, height, channels, data: Uint8Array.from(bytes.subarray(length, end)) };
      bytes = bytes.subarray(end);
    }
  }
}

/** Returns size and byte length of a PNM header; null if the header is incomplete. */
function headingOf(bytes: Buffer): (Size & { length: number }) | null {
  const found = /^P[56]\s(\d+)\s(\d+)\s255\s/.exec(bytes.subarray(0, 32).toString('latin1'));
  return found && { width: Number(found[1]), height: Number(found[2]), length: found[0].length };
}
