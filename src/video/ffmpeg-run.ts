import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FfmpegCommand } from 'fluent-ffmpeg';
import { errorFactory } from '../foundation/errors.js';
import type { Channels, Frame, Size } from '../foundation/frame.js';
import { formatFrameRate, type FrameRate } from '../foundation/frame-rate.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { createCommand } from './ffmpeg-command.js';

/** Input, output and options of an FFmpeg process. */
export interface FfmpegArguments {
  /** Path of the file to read, or the stream of bytes to feed. */
  input: string | Readable;
  /** Options before `-i`. */
  inputOptions?: readonly string[];
  /** Options after `-i`, before the output. */
  outputOptions: readonly string[];
  /** Path of the file to write, or to replace. Default: FFmpeg writes to a pipe. */
  outputPath?: string;
  /** Called with each line of FFmpeg's log, e.g. `[info] Input #0, ...`. */
  onLine?: (line: string) => void;
}

/** Outcome of an FFmpeg process that ended. */
export interface FfmpegOutcome {
  /** Reason, in one line, if FFmpeg exited with an error or did not start; else null. */
  failure: string | null;
  /** First error that FFmpeg logged; null if none. FFmpeg may have gone on after the error. */
  firstError: string | null;
  /** Number of errors that FFmpeg logged. */
  errors: number;
  /** True if a signal ended FFmpeg, as when the user interrupts the whole process group. See `throwEndBySignal`. */
  wasSignalled: boolean;
}

/** Running FFmpeg process. */
export interface FfmpegRun {
  /** Bytes that FFmpeg writes to its standard output. */
  output: Readable;
  /** Resolves after the process has ended, or after the stream of bytes to feed has failed; never rejects. */
  finished: Promise<FfmpegOutcome>;
  /** Kills the process. */
  kill: () => void;
}

/** Returns the URL of a path for FFmpeg, so that `-x.mp4` is no option and `a:b.mp4` no protocol. */
const asFile = (path: string) => `file:${path}`;

/** Harmless error of raw frames, which are written without timestamps. */
const timesError = 'non monotonically increasing dts';

const errorLine = /^(?:\[[^\]]* @ [^\]]*\] )*\[(?:error|fatal|panic)\] (.*)$/;

/** Commands of running FFmpeg processes. They are killed when pxv exits, as after an error while a clip is probed. */
const running = new Set<FfmpegCommand>();
process.on('exit', () => running.forEach((command) => command.kill('SIGKILL')));

/** Starts FFmpeg and parses its log. @throws PxvError `DEPENDENCY` if there is no FFmpeg */
export async function startFfmpeg(options: FfmpegArguments): Promise<FfmpegRun> {
  const { input, inputOptions = [], outputOptions, outputPath, onLine } = options;
  const isFile = typeof input === 'string';
  const general = ['-hide_banner', '-nostats', '-loglevel', 'level+info', ...(isFile ? ['-nostdin'] : [])];
  // Playlists and lists of clips name other inputs: none but local files is opened, and none for a stream.
  const protocols = ['-protocol_whitelist', isFile ? 'file' : 'pipe'];
  // fluent-ffmpeg takes an output that closes for one that was abandoned, so this output stays open after its end.
  const output = new PassThrough({ autoDestroy: false });
  const { path } = await findFfmpeg();
  const command = createCommand(path)
    .input(isFile ? asFile(input) : input)
    .inputOptions(...general, ...inputOptions, ...protocols)
    .outputOptions('-y', ...outputOptions)
    .output(outputPath === undefined ? output : asFile(outputPath));

  const log = { firstError: null as string | null, errors: 0, wasSignalled: false };
  command.on('stderr', (line) => {
    const error = errorLine.exec(line)?.[1];
    if (error !== undefined && !error.includes(timesError)) {
      log.firstError ??= isFile ? error.replace(`${asFile(input)}: `, '') : error;
      log.errors += 1;
    }
    // FFmpeg catches SIGINT and SIGTERM, and then ends its output as if the clip were over.
    if (line.includes('Exiting normally, received signal')) log.wasSignalled = true;
    onLine?.(line);
  });
  const finished = new Promise<FfmpegOutcome>((resolve) => {
    command.on('end', () => resolve({ ...log, failure: null }));
    command.on('error', ({ message }) => {
      const wasSignalled = log.wasSignalled || message.includes('was killed with signal');
      // fluent-ffmpeg appends lines of the log to an exit code, and a reason is one line.
      const failure = log.firstError ?? message.replace(/(?<=exited with code \d+):.*/s, '');
      resolve({ ...log, failure, wasSignalled });
    });
  });
  running.add(command);
  command.run();
  return {
    output,
    finished: finished.finally(() => running.delete(command)),
    kill: () => void command.kill('SIGKILL'),
  };
}

/** Maximum milliseconds without output. FFmpeg hangs on some network file systems and some broken files. */
const LONGEST_SILENCE = 60_000;

/**
 * Yields the bytes that FFmpeg writes to its standard output, with backpressure. Leaving the loop, by an error or
 * interruption too, kills the process and waits for its end.
 * @param path file that is read, for messages
 * @param signal signal that kills FFmpeg
 * @param silence milliseconds without output after which FFmpeg is killed; default: 60,000
 * @throws PxvError the signal's reason if aborted; `INPUT` after `silence` without output; `DEPENDENCY` if another
 *   program ended FFmpeg
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
      signal?.throwIfAborted();
      const hangs = () => {
        stalled = true;
        run.kill();
      };
      const timer = silence === Infinity ? undefined : setTimeout(hangs, silence);
      const chunk = await chunks.next().finally(() => clearTimeout(timer));
      signal?.throwIfAborted();
      if (stalled) {
        const received = `nothing from FFmpeg for ${silence / 1000} s`;
        const remedy = 'check that the file can be played, or copy it to a local disk';
        throw errorFactory('INPUT', 'read video')(path, 'the next frame', received, remedy);
      }
      if (chunk.done) break;
      yield chunk.value;
    }
    const { wasSignalled } = await run.finished;
    if (wasSignalled) await throwEndBySignal('read video', path, signal);
  } finally {
    signal?.removeEventListener('abort', run.kill);
    run.kill();
    await chunks.return?.();
    // The rest in the pipe must be read, or the pipe stays open.
    run.output.resume();
    await run.finished;
  }
}

/** Milliseconds after which this process and FFmpeg have both received an interruption from the keyboard. */
const SAME_TIME = 500;

/**
 * Throws the error for an FFmpeg process that a signal of the system has ended. Waits up to 500 ms for an abort of
 * `signal`, since an interruption from the keyboard may reach FFmpeg first. Throws the reason of `signal` if aborted by
 * then.
 * @param operation operation that failed, for the error
 * @param argument file or stream of the operation, for the error
 * @throws PxvError `DEPENDENCY` if not aborted, as when the system runs out of memory
 */
export async function throwEndBySignal(operation: string, argument: string, signal?: AbortSignal): Promise<never> {
  if (signal) await delay(SAME_TIME, null, { signal }).catch(() => {});
  signal?.throwIfAborted();
  const remedy = 'check whether memory ran out, then run the command again';
  const problem = 'FFmpeg was killed by a signal';
  throw errorFactory('DEPENDENCY', operation)(argument, 'FFmpeg to finish', 'a signal', remedy, { problem });
}

/** Returns the input options for raw frames: a byte per sub-pixel, row by row. */
export function rawInput({ width, height, channels }: Size & { channels: Channels }, rate: FrameRate): string[] {
  const format = ['-f', 'rawvideo', '-pixel_format', channels === 1 ? 'gray' : 'rgb24'];
  return [...format, '-video_size', `${width}x${height}`, '-framerate', formatFrameRate(rate)];
}

/**
 * Feeds raw frames to a new FFmpeg process, with backpressure, and waits for its end. An error or interruption kills
 * the process.
 * @param frames all of one size and channels; without any, FFmpeg is never started
 * @param start starts FFmpeg on the raw input that the input options describe
 * @param check throws if FFmpeg exited with an error
 * @returns the number of frames
 * @throws errors of `frames`, `start` and `check`
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
      run ??= await start(input, rawInput({ width, height, channels }, frameRate));
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
