import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorFactory } from '../src/foundation/errors.js';
import { isSystemError, writeFailure } from '../src/foundation/write-file.js';
import { otherCache } from './cache-folder.js';
import { computeCheckSum, formatCheckSum } from './check-sums.js';
import type { SourceFile } from './image-set.js';

/** Options for downloading a file. */
export interface DownloadOptions {
  /** URL of a folder with files of the same names, used instead of the official URLs. */
  mirror?: string;
  /** Signal that aborts the download: the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called as bytes arrive, with the file's name, bytes done and total bytes. If the file was complete before, called a
   * single time.
   */
  onProgress?: (name: string, done: number, total: number) => void;
  /** Seconds without a byte after which a connection is closed, and the next URL is tried. Default: 60. */
  patience?: number;
}

/**
 * Downloads a file to `path`, and verifies its size and checksum. Resumes a partial file at `path`; starts again if the
 * server supports no ranges. A complete file is only verified. Tries each URL in turn.
 * @throws PxvError `INPUT` if no URL gives the file; `OUTPUT` if `path` cannot be written; the signal's reason if
 *   aborted. Bytes that have arrived stay, unless they are wrong.
 */
export async function download(file: SourceFile, path: string, options: DownloadOptions = {}): Promise<void> {
  const { mirror, onProgress } = options;
  const urls =
    mirror === undefined ? file.urls : [new URL(file.name, mirror.endsWith('/') ? mirror : `${mirror}/`).href];
  const failures: string[] = [];
  let cause: unknown;
  for (const url of urls) {
    try {
      if (sizeOf(path) !== file.bytes) await receive(url, file, path, options);
      onProgress?.(file.name, file.bytes, file.bytes);
      await checkSum(file, path);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isFileError(error)) throw writeFailure(path, error, { operation: 'download', remedy: otherCache });
      if (!(error instanceof DownloadFailure)) throw error;
      failures.push(`${url}: ${error.message}`);
      cause = error.cause;
    }
  }
  const expected = `${file.bytes} bytes with the ${formatCheckSum(file)}`;
  const remedy = 'run the command again to go on where it stopped, or give another place with --mirror';
  throw errorFactory('INPUT', 'download')(file.name, expected, failures.join('; '), remedy, { cause });
}

/** Error of a URL; the next URL may succeed. */
class DownloadFailure extends Error {}

async function receive(
  url: string,
  file: SourceFile,
  path: string,
  { signal, onProgress, patience = 60 }: DownloadOptions,
): Promise<void> {
  if (sizeOf(path) > file.bytes) await rm(path);
  let done = sizeOf(path);
  const output = openSync(path, 'a');
  const given = new AbortController();
  const giveUp = () => given.abort();
  signal?.addEventListener('abort', giveUp);
  let timer = setTimeout(giveUp, 1000 * patience);
  try {
    const response = await fetch(url, {
      // Compression by the server would change the meaning of sizes and ranges.
      headers: { 'accept-encoding': 'identity', ...(done > 0 && { range: `bytes=${done}-` }) },
      signal: given.signal,
    });
    if (!response.ok || response.body === null) throw new DownloadFailure(`HTTP status ${response.status}`);
    if (!continues(response, done)) {
      ftruncateSync(output);
      done = 0;
    }
    const promised = response.headers.get('content-length');
    if (promised !== null && done + Number(promised) !== file.bytes)
      throw new DownloadFailure(`a file of ${done + Number(promised)} bytes`);
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, 1000 * patience);
      if (done + chunk.length > file.bytes) throw new DownloadFailure('more bytes than the file has');
      // The system may write a part, as when the disk is full.
      for (let at = 0; at < chunk.length;) at += writeSync(output, chunk, at);
      done += chunk.length;
      onProgress?.(file.name, done, file.bytes);
    }
    if (done < file.bytes) throw new DownloadFailure(`the first ${done} bytes`);
  } catch (error) {
    if (error instanceof DownloadFailure || isFileError(error)) throw error;
    const why = given.signal.aborted ? `nothing for ${patience} seconds` : reason(error);
    throw new DownloadFailure(done > 0 ? `${why}, after ${done} bytes` : why, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    // Ends the connection if the loop was left before the last byte.
    given.abort();
    closeSync(output);
  }
}

/** Returns true if the response starts at byte `done`; false if at the first byte. */
function continues(response: Response, done: number): boolean {
  if (response.status !== 206) return false;
  const range = response.headers.get('content-range');
  if (range?.startsWith(`bytes ${done}-`)) return true;
  throw new DownloadFailure(`the range '${range}' instead of one from byte ${done}`);
}

async function checkSum(file: SourceFile, path: string): Promise<void> {
  const sum = formatCheckSum(await computeCheckSum(path, file));
  if (sum === formatCheckSum(file)) return;
  await rm(path);
  throw new DownloadFailure(`one with the ${sum}, which was deleted`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Returns the message of a `fetch` error with that of its cause, which says more. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message || basename(cause.name)})` : message;
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return isSystemError(error) && ['stat', 'open', 'write', 'ftruncate'].includes(String(error.syscall));
}
