import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Frame } from '../foundation/frame.js';
import { makeTemporaryFolder } from '../foundation/temporary-folder.js';
import { feedFrames, readOutput, startFfmpeg, throwEndBySignal } from './ffmpeg-run.js';
import { defaultFrameRate } from './constant-rate.js';

/** Lossless video codec of FFmpeg that pxv is compared with. */
export type LosslessCodec = 'x264' | 'x265' | 'ffv1';

/**
 * FFmpeg options for each codec, of colour and of grey frames: lossless, slow, with a single key frame. FFV1 carries
 * its statistics on from frame to frame.
 */
const encoders: Record<LosslessCodec, { shared: string[]; colour: string[]; grey: string[] }> = {
  x264: {
    shared: ['-preset', 'veryslow', '-qp', '0', '-g', '999999'],
    colour: ['-c:v', 'libx264rgb', '-pix_fmt', 'rgb24'],
    grey: ['-c:v', 'libx264', '-pix_fmt', 'yuvj444p'],
  },
  x265: {
    // With the default coding tree units of 64, x265 2.9 and 4.1 decode many clips to other frames.
    shared: [
      ...['-c:v', 'libx265', '-preset', 'slow'],
      ...['-x265-params', 'lossless=1:ctu=32:keyint=-1:bframes=0:log-level=error'],
    ],
    colour: ['-pix_fmt', 'gbrp'],
    grey: ['-pix_fmt', 'gray'],
  },
  ffv1: {
    shared: ['-c:v', 'ffv1', '-level', '3', '-coder', '1', '-context', '1', '-g', '999999', '-slices', '1'],
    colour: ['-pix_fmt', 'bgr0'],
    grey: ['-pix_fmt', 'gray'],
  },
};

/** Names of the lossless codecs that `measureLosslessSize` supports. */
export const losslessCodecs = Object.keys(encoders) as LosslessCodec[];

/** Shorter side in pixels below which a codec may refuse frames for their size. */
const SMALL = 64;

/**
 * Bytes that a codec spends on a clip; or, in one line, the reason why they cannot be measured (`failure`): FFmpeg
 * lacks the codec, fails, or decodes other frames.
 */
export type LosslessSize = { bytes: number; failure: null } | { bytes: null; failure: string };

/**
 * Measures the bytes that a lossless codec spends on all frames but the first, without the container. Decodes the
 * result again. Returns a failure if the decoded frames differ, or if FFmpeg cannot encode the frames.
 * @param frames at least two, all of one size
 * @throws PxvError `DEPENDENCY` if there is no FFmpeg; the signal's reason if aborted; errors of `frames`
 */
export async function measureLosslessSize(
  codec: LosslessCodec,
  frames: AsyncIterable<Frame>,
  signal?: AbortSignal,
): Promise<LosslessSize> {
  const folder = makeTemporaryFolder('pxv-codec-');
  const path = join(folder.path, `${codec}.mkv`);
  const { shared, colour, grey } = encoders[codec];
  let first = null as Frame | null;
  const given = createHash('sha256');
  async function* hashed(): AsyncGenerator<Frame, void> {
    for await (const frame of frames) {
      given.update(frame.data);
      first ??= frame;
      yield frame;
    }
  }
  try {
    await feedFrames(
      hashed(),
      { frameRate: defaultFrameRate, signal },
      (input, inputOptions) => {
        const outputOptions = [...(first?.channels === 1 ? grey : colour), ...shared, '-f', 'matroska'];
        return startFfmpeg({ input, inputOptions, outputOptions, outputPath: path });
      },
      async ({ failure, wasSignalled }) => {
        if (wasSignalled) await throwEndBySignal('encode frames', 'lossless', signal);
        if (failure !== null) throw new EncoderFailure(failure);
      },
    );
    const decoded = createHash('sha256');
    const format = first?.channels === 1 ? 'gray' : 'rgb24';
    for await (const chunk of outputOf(path, ['-pix_fmt', format, '-f', 'rawvideo'], signal)) decoded.update(chunk);
    if (decoded.digest('hex') !== given.digest('hex'))
      return { bytes: null, failure: 'what it makes is not lossless: other frames come back' };
    const packets = await text(outputOf(path, ['-c', 'copy', '-f', 'framecrc'], signal));
    return { bytes: sumOfLaterPackets(packets), failure: null };
  } catch (cause) {
    if (!(cause instanceof EncoderFailure)) throw cause;
    return { bytes: null, failure: withSize(cause.message, first) };
  } finally {
    folder.remove();
  }
}

class EncoderFailure extends Error {}

/** Adds a hint to a failure if the frames may be too small: some encoders then report only that they do not open. */
function withSize(failure: string, first: Frame | null): string {
  if (first === null || Math.min(first.width, first.height) >= SMALL || !/cannot open/i.test(failure)) return failure;
  return `${failure} The frames, ${first.width}x${first.height}, may be too small for it.`;
}

async function* outputOf(path: string, outputOptions: string[], signal?: AbortSignal) {
  const run = await startFfmpeg({ input: path, outputOptions });
  yield* readOutput(run, path, signal);
  const { failure } = await run.finished;
  if (failure !== null) throw new EncoderFailure(failure);
}

/**
 * Returns the bytes of all packets but the first. framecrc writes per packet: stream, decoding and presentation time,
 * duration, size, checksum.
 */
function sumOfLaterPackets(report: string): number {
  const sizes = [...report.matchAll(/^0,\s*-?\d+,\s*-?\d+,\s*\d+,\s*(\d+),/gm)].map(([, size]) => Number(size));
  return sizes.slice(1).reduce((sum, size) => sum + size, 0);
}
