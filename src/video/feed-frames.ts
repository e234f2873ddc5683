import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { Frame } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import type { FfmpegOutcome, FfmpegRun } from './ffmpeg-run.js';

/**
 * Feeds raw frames to FFmpeg, no faster than it takes them, and waits for its end. Whoever leaves early, by an error or
 * an interruption too, ends the process.
 * @param frames all of one size; without any, FFmpeg is never started
 * @param start starts FFmpeg on such input, as the input options describe it
 * @param check throws where FFmpeg has come to no good end
 * @returns the number of frames
 */
export async function feedFrames(
  frames: AsyncIterable<Frame>,
  { frameRate, signal }: { frameRate: FrameRate; signal?: AbortSignal | undefined },
  start: (input: Readable, inputOptions: string[]) => FfmpegRun,
  check: (outcome: FfmpegOutcome) => Promise<void>,
): Promise<number> {
  const input = new PassThrough();
  let run: FfmpegRun | null = null;
  let count = 0;
  const stop = () => run?.kill();
  signal?.addEventListener('abort', stop);
  try {
    for await (const { width, height, channels, data } of frames) {
      run ??= start(input, [
        ...['-f', 'rawvideo', '-pixel_format', channels === 1 ? 'gray' : 'rgb24'],
        ...['-video_size', `${width}x${height}`, '-framerate', `${frameRate.numerator}/${frameRate.denominator}`],
      ]);
      if (!input.write(data)) await Promise.race([once(input, 'drain'), run.finished.then(check)]);
      count += 1;
    }
    input.end();
    await run?.finished.then(check);
  } finally {
    signal?.removeEventListener('abort', stop);
    run?.kill();
    await run?.finished;
  }
  return count;
}
