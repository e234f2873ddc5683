import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { endBySignal, throwIfInterrupted } from './interruption.js';

export interface FfmpegArguments {
  /** Path of the file to read, or the stream of bytes to feed. */
  input: string | Readable;
  /** What stands before `-i`. */
  inputOptions?: readonly string[];
  /** What stands after it, before the output. */
  outputOptions: readonly string[];
  /** Path of the file to write; without it FFmpeg writes into a pipe. */
  outputPath?: string;
  /** Gets each line of FFmpeg's log, e.g. `[info] Input #0, ...`. */
  onLine?: (line: string) => void;
}

export interface FfmpegOutcome {
  /** Why FFmpeg did not come to its end, one line, or null. */
  failure: string | null;
  /** The first error that it reported, or null; it may have gone on after it. */
  firstError: string | null;
  /** How many errors it reported. */
  errors: number;
  /** It ended since somebody told it to by a signal, as when the user interrupts the whole group of processes. See `endBySignal`. */
  wasSignalled: boolean;
}

export interface FfmpegRun {
  output: Readable;
  /** Settles once the process is gone; never rejects. */
  finished: Promise<FfmpegOutcome>;
  kill: () => void;
}

/** A path as FFmpeg must be given it, so that `-x.mp4` is no option and `a:b.mp4` no protocol. */
const asFile = (path: string) => `file:${path}`;

/** Of raw pictures, which are written without their times. */
const timesError = 'non monotonically increasing dts';

const errorLine = /^(?:\[[^\]]* @ [^\]]*\] )*\[(?:error|fatal|panic)\] (.*)$/;

/** @throws {PxvError} DEPENDENCY where there is no FFmpeg. */
export async function startFfmpeg(options: FfmpegArguments): Promise<FfmpegRun> {
  const { input, inputOptions = [], outputOptions, outputPath, onLine } = options;
  const isFile = typeof input === 'string';
  const general = ['-hide_banner', '-nostats', '-loglevel', 'level+info', ...(isFile ? ['-nostdin'] : [])];
  const from = [...inputOptions, '-i', isFile ? asFile(input) : 'pipe:0'];
  const to = ['-y', ...outputOptions, outputPath === undefined ? 'pipe:1' : asFile(outputPath)];
  const { path } = await findFfmpeg();
  // In a group of its own, what interrupts pxv does not end it before pxv does.
  const child = spawn(path, [...general, ...from, ...to], { detached: process.platform !== 'win32' });

  const log = { firstError: null as string | null, errors: 0, wasSignalled: false };
  createInterface({ input: child.stderr, crlfDelay: Infinity }).on('line', (line) => {
    const error = errorLine.exec(line)?.[1];
    if (error !== undefined && !error.includes(timesError)) {
      log.firstError ??= isFile ? error.replace(`${asFile(input)}: `, '') : error;
      log.errors += 1;
    }
    // FFmpeg catches what asks it politely, and then ends its output as if the film were over.
    if (line.includes('Exiting normally, received signal')) log.wasSignalled = true;
    onLine?.(line);
  });
  // It may end before it has read all, and says why itself.
  child.stdin.on('error', () => {});
  if (isFile) child.stdin.end();
  else input.pipe(child.stdin);

  const finished = new Promise<FfmpegOutcome>((resolve) => {
    child.on('error', ({ message }) => resolve({ failure: message, ...log }));
    child.on('close', (code, signal) => {
      const ended = signal === null ? `FFmpeg exited with code ${code}` : `FFmpeg was killed with signal ${signal}`;
      const wasSignalled = log.wasSignalled || signal !== null;
      resolve({ ...log, failure: code === 0 ? null : (log.firstError ?? ended), wasSignalled });
    });
  });
  return { output: child.stdout, finished, kill: () => void child.kill('SIGKILL') };
}

/** FFmpeg itself waits for ever on a network file system, or works for ever on some broken file. */
const LONGEST_SILENCE = 60_000;

/**
 * What FFmpeg writes. It is held up while nobody asks for more. Whoever leaves the loop early, by an error or an
 * interruption too, kills the process; it is gone when the loop has been left.
 * @param path For messages: the file being read.
 * @param silence milliseconds after which FFmpeg is taken to hang
 * @throws {PxvError} INTERRUPTED where `signal` is aborted; INPUT where FFmpeg gives nothing for so long; DEPENDENCY where
 * somebody else ended it.
 */
export async function* readOutput(
  run: FfmpegRun,
  path: string,
  signal?: AbortSignal,
  silence = LONGEST_SILENCE,
): AsyncGenerator<Uint8Array, void> {
  const chunks = run.output.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
  signal?.addEventListener('abort', run.kill);
  let stalled = false;
  try {
    for (;;) {
      throwIfInterrupted(signal, 'read video', path);
      const hangs = () => {
        stalled = true;
        run.kill();
      };
      const timer = silence === Infinity ? undefined : setTimeout(hangs, silence);
      const chunk = await chunks.next().finally(() => clearTimeout(timer));
      throwIfInterrupted(signal, 'read video', path);
      if (stalled) {
        const received = `nothing from FFmpeg for ${silence / 1000} s`;
        const remedy = 'check that the file can be played, or copy it to a local disk';
        throw errorFactory('INPUT', 'read video')(path, 'the next picture', received, remedy);
      }
      if (chunk.done) break;
      yield chunk.value;
    }
    const { wasSignalled } = await run.finished;
    if (wasSignalled) throw await endBySignal('read video', path, signal);
  } finally {
    signal?.removeEventListener('abort', run.kill);
    run.kill();
    await chunks.return?.();
    // What is left in the pipe must be taken out of it, or the pipe stays open.
    run.output.resume();
    await run.finished;
  }
}

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
  start: (input: Readable, inputOptions: string[]) => Promise<FfmpegRun>,
  check: (outcome: FfmpegOutcome) => Promise<void>,
): Promise<number> {
  const input = new PassThrough();
  let run: FfmpegRun | null = null;
  let count = 0;
  const stop = () => run?.kill();
  signal?.addEventListener('abort', stop);
  try {
    for await (const { width, height, channels, data } of frames) {
      run ??= await start(input, [
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
