import { accessSync, chmodSync, constants, copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, join } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import { orNull } from '../foundation/or-null.js';
import { makeTemporaryFolder } from '../foundation/temporary-folder.js';
import { createCommand } from './ffmpeg-command.js';

/** FFmpeg program that was found and runs. */
export interface FfmpegBinary {
  /** Path of the program. */
  path: string;
  /** Version that the program states, e.g. `7.1.5-0+deb13u1`. */
  version: string;
  /** Output options that write each filtered frame on arrival, whatever its timestamp. */
  passthroughOptions: readonly string[];
  /** Place where the program was found: environment variable, npm package or PATH. */
  source: 'PXV_FFMPEG' | 'ffmpeg-static' | 'PATH' | '@ffmpeg-installer/ffmpeg';
  /** Warning of one line about an old FFmpeg, or null. */
  warning: string | null;
}

const require = createRequire(import.meta.url);
const known = new Map<string, Promise<FfmpegBinary>>();

/**
 * Finds FFmpeg: the program named by PXV_FFMPEG, else that of ffmpeg-static, else the first on the PATH that runs, else
 * that of @ffmpeg-installer/ffmpeg, a version of 2018. Tests candidates by running them, until one runs. Caches the
 * result, so that an early call saves time later.
 * @throws PxvError `DEPENDENCY` if no candidate runs, or if PXV_FFMPEG is set and its program does not run
 */
export function findFfmpeg(): Promise<FfmpegBinary> {
  const key = JSON.stringify([process.env.PXV_FFMPEG, process.env.PATH]);
  const binary = known.get(key) ?? search();
  known.set(key, binary);
  // The error is thrown to the caller that awaits; an early call that nobody awaits must not end the process.
  binary.catch(() => known.delete(key));
  return binary;
}

async function search(): Promise<FfmpegBinary> {
  const named = process.env.PXV_FFMPEG;
  if (named) {
    const found = await tryToRun('PXV_FFMPEG', named);
    if (typeof found !== 'string') return found;
    const remedy = 'correct PXV_FFMPEG or unset it';
    throw notFound(`PXV_FFMPEG=${named}`, 'the path of an ffmpeg program that runs', found, remedy);
  }
  const looked = ['PXV_FFMPEG (not set)'];
  for (const [source, path] of candidates()) {
    const found = path === null ? 'not there' : await tryToRun(source, path);
    if (typeof found !== 'string') return found;
    looked.push(`${source} (${path === null ? '' : `${path}: `}${found})`);
  }
  const remedy =
    'install FFmpeg, or run `npm install ffmpeg-static`, or set PXV_FFMPEG to the path of an ffmpeg program';
  throw notFound('ffmpeg', 'an ffmpeg program that runs', `none in ${looked.join(', ')}`, remedy);
}

const notFound = errorFactory('DEPENDENCY', 'find ffmpeg');

function* candidates(): Generator<[FfmpegBinary['source'], string | null]> {
  yield ['ffmpeg-static', optionalPackage('ffmpeg-static', (path: string | null) => path)];
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder || '.', name));
  const executable = onPath.filter((path) => may(path, constants.X_OK));
  for (const path of executable) yield ['PATH', path];
  if (executable.length === 0) yield ['PATH', null];
  const installed = optionalPackage('@ffmpeg-installer/ffmpeg', (installer: { path: string }) => installer.path);
  yield ['@ffmpeg-installer/ffmpeg', installed === null ? null : madeExecutable(installed)];
}

/** Returns the path that an optional package exports; null if the package or that file is not installed. */
function optionalPackage<Exported>(name: string, path: (exported: Exported) => string | null): string | null {
  const file = orNull(() => path(require(name) as Exported));
  return file !== null && may(file, constants.F_OK) ? file : null;
}

/**
 * Returns `path`, made executable, or the path of an executable copy. An install script sets the executable bit, which
 * npm may skip.
 */
function madeExecutable(path: string): string {
  if (may(path, constants.X_OK)) return path;
  try {
    chmodSync(path, 0o755);
    return path;
  } catch {
    const copy = join(makeTemporaryFolder('pxv-ffmpeg-').path, basename(path));
    copyFileSync(path, copy);
    chmodSync(copy, 0o755);
    return copy;
  }
}

function may(path: string, mode: number): boolean {
  return orNull(() => accessSync(path, mode)) !== null;
}

/** Runs a program with `-version`. Returns the FFmpeg found, or one line why the program is unusable. */
async function tryToRun(source: FfmpegBinary['source'], path: string): Promise<FfmpegBinary | string> {
  const { failure, stdout } = await printVersion(path);
  const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1];
  if (version === undefined) {
    const status = failure === null ? '0' : /^ffmpeg exited with code (\d+)/.exec(failure)?.[1];
    return status === undefined ? failure! : `a program that does not say it is ffmpeg (exit status ${status})`;
  }
  // A version may be the name of a commit; libavformat's is a number, 60 in FFmpeg 6, from which `-vsync` is
  // deprecated.
  const format = Number(/^libavformat +(\d+)/m.exec(stdout)?.[1] ?? Infinity);
  const passthroughOptions = format < 60 ? ['-vsync', '0'] : ['-fps_mode', 'passthrough'];
  const isOld = source === '@ffmpeg-installer/ffmpeg';
  // If npm skips install scripts, the package is there without its program.
  const isInstalled = orNull(() => require.resolve('ffmpeg-static/package.json')) !== null;
  const remedy = isInstalled ? 'run `npm rebuild ffmpeg-static`, or install' : 'install';
  const warning = `using the old FFmpeg ${version} of ${source}; ${remedy} a current FFmpeg to read newer formats`;
  return { path, version, passthroughOptions, source, warning: isOld ? warning : null };
}

/** Runs a program with `-version`, for at most 20 s. */
function printVersion(path: string): Promise<{ failure: string | null; stdout: string }> {
  return new Promise((resolve) => {
    createCommand(path, { timeout: 20 })
      .outputOptions('-hide_banner', '-version')
      .output('pipe:1')
      .on('end', (stdout) => resolve({ failure: null, stdout: stdout ?? '' }))
      .on('error', ({ message }, stdout) => resolve({ failure: message, stdout: stdout ?? '' }))
      .run();
  });
}
