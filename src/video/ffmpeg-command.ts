import type { SpawnOptions } from 'node:child_process';
import { createRequire } from 'node:module';
import type { FfmpegCommand, FfmpegCommandOptions } from 'fluent-ffmpeg';

const require = createRequire(import.meta.url);

/** Methods of fluent-ffmpeg's commands that its types leave out. */
interface Internals {
  /** Passes the arguments of FFmpeg to `start`. */
  _prepare: (start: (error: null, args: string[]) => void) => void;
  _spawnFfmpeg: (args: string[], options: SpawnOptions, ...callbacks: unknown[]) => void;
}

/**
 * Returns a command of fluent-ffmpeg that runs one FFmpeg program. Its `run` starts the process before it returns.
 * @param path path of the program
 * @param options options of fluent-ffmpeg
 */
export function createCommand(path: string, options: FfmpegCommandOptions = {}): FfmpegCommand {
  // Loading takes 7 ms, which only those who start FFmpeg should wait for. `import` would take 12.
  const ffmpeg = require('fluent-ffmpeg') as typeof import('fluent-ffmpeg');
  const command = ffmpeg(options).setFfmpegPath(path);
  const { _spawnFfmpeg } = command as unknown as Internals;
  const changed: Internals = {
    // By default, a command first starts FFmpeg twice, for lists of its formats and encoders. FFmpeg reports those that
    // it lacks anyway.
    _prepare: (start) => start(null, command._getArguments()),
    // In its own process group, an interruption of pxv does not end FFmpeg before pxv ends.
    _spawnFfmpeg: (args, spawnOptions, ...callbacks) => {
      const detached = process.platform !== 'win32';
      _spawnFfmpeg.call(command, args, { ...spawnOptions, detached }, ...callbacks);
    },
  };
  return Object.assign(command, changed);
}
