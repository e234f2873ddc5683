import { createReadStream, createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorFactory, PxvError, type ErrorParts } from '../src/foundation/errors.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../src/foundation/temporary-folder.js';
import { attemptWrite, writeFailure } from '../src/foundation/write-file.js';

/** Path that stands for standard input or output. */
export const STANDARD_STREAM = '-';

/**
 * Temporary files in place of standard input and output: a clip is read more than once, and an output is written
 * atomically. The files are removed with `remove`, or when the process ends.
 */
export class StandardStreams {
  private folder: TemporaryFolder | null = null;
  /** Stream of each file, by path. */
  private readonly names = new Map<string, string>();

  /** Returns the path of a new temporary file, which stands for `stream`. */
  private at(name: string, stream: string): string {
    this.folder ??= attemptWrite(tmpdir(), () => makeTemporaryFolder('pxv-'), NOT_KEPT);
    const path = join(this.folder.path, name);
    this.names.set(path, stream);
    return path;
  }

  /**
   * Reads standard input to its end if `clip` is `-`.
   * @param clip path as given by the user
   * @returns the path to read the clip from: a temporary file, or `clip`
   * @throws PxvError `USAGE` if standard input is a terminal; `OUTPUT` if no temporary file can be written; the
   *   signal's reason if aborted
   */
  async receive(clip: string, signal: AbortSignal): Promise<string> {
    if (clip !== STANDARD_STREAM) return clip;
    if (process.stdin.isTTY)
      throw misused('standard input', 'a clip, through a pipe or from a file', 'a terminal', SEE_HELP);
    const path = this.at('stdin', 'standard input');
    await pipeline(process.stdin, createWriteStream(path), { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw writeFailure(tmpdir(), error, NOT_KEPT);
    });
    return path;
  }

  /**
   * Returns the path to write to: a temporary file if `out` is `-`, which `send` then copies to standard output, else
   * `out`.
   * @param out path as given by the user
   * @param ending extension of the temporary file, such as `.mp4`; empty for a folder
   * @throws PxvError `USAGE` if standard output is a terminal, or the output is a folder; `OUTPUT` if no temporary
   *   folder can be made
   */
  outputFor(out: string, ending: string): string {
    if (out !== STANDARD_STREAM) return out;
    if (process.stdout.isTTY) throw misused('standard output', 'a pipe or a file to write to', 'a terminal', SEE_HELP);
    if (ending === '') throw misused('--format folder', 'a file, for standard output', 'a folder', SEE_HELP);
    return this.at(`stdout${ending}`, 'standard output');
  }

  /** Copies a file to standard output, whatever its path: the one that `outputFor` gave for `-`. */
  async send(path: string): Promise<void> {
    await pipeline(createReadStream(path), process.stdout, { end: false });
  }

  /** Returns `text` with the paths of the temporary files replaced by `standard input` and `standard output`. */
  named(text: string): string {
    return [...this.names].reduce((said, [path, stream]) => said.replaceAll(path, stream), text);
  }

  /** Returns `error` with the paths of the temporary files in its message replaced as by `named`. */
  namedError(error: unknown): unknown {
    if (!(error instanceof PxvError) || this.named(error.message) === error.message) return error;
    const named = Object.entries(error.parts).map(([part, text]) => [part, text && this.named(text)]);
    return new PxvError(Object.fromEntries(named) as ErrorParts, { cause: error });
  }

  /** Removes the temporary files. */
  remove(): void {
    this.folder?.remove();
  }
}

/** Wording of the error for a temporary file that cannot be written. */
const NOT_KEPT = { operation: 'keep a standard stream', remedy: 'set TMPDIR to another folder' };

const misused = errorFactory('USAGE', 'predict');
const SEE_HELP = 'see pxv predict --help';
