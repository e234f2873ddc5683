import { createReadStream, createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorFactory, PxvError } from '../src/foundation/errors.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../src/foundation/temporary-folder.js';
import { writeFailure } from '../src/foundation/write-file.js';

/** What a clip or an output is called that is standard input or output. */
export const STANDARD_STREAM = '-';

/**
 * Files for what comes from standard input and for what goes to standard output: a clip is read more than once, and an
 * output is written whole or not at all. They are gone when the work is done, or the process is.
 */
export class StandardStreams {
  private folder: TemporaryFolder | null = null;
  /** What the files stand for, by their paths. */
  private readonly names = new Map<string, string>();

  /** A path for a file of that name, which stands for `stream`. */
  private at(name: string, stream: string): string {
    if (this.folder === null) {
      try {
        this.folder = makeTemporaryFolder('pxv-');
      } catch (cause) {
        throw notKept(cause);
      }
    }
    const path = join(this.folder.path, name);
    this.names.set(path, stream);
    return path;
  }

  /**
   * Reads standard input to its end where `clip` stands for it.
   * @returns the path to read the clip from
   * @throws PxvError `USAGE` where it is a terminal; the signal's reason where it is aborted
   */
  async receive(clip: string, signal: AbortSignal): Promise<string> {
    if (clip !== STANDARD_STREAM) return clip;
    if (process.stdin.isTTY)
      throw misused('standard input', 'a clip, through a pipe or from a file', 'a terminal', SEE_HELP);
    const path = this.at('stdin', 'standard input');
    await pipeline(process.stdin, createWriteStream(path), { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw notKept(error);
    });
    return path;
  }

  /**
   * @param out as it was asked for
   * @param ending of the file's name where `out` stands for standard output
   * @returns the path to write to; `send` hands that on
   * @throws PxvError `USAGE` where standard output is a terminal, or the ending is that of a folder
   */
  outputFor(out: string, ending: string): string {
    if (out !== STANDARD_STREAM) return out;
    if (process.stdout.isTTY) throw misused('standard output', 'a pipe or a file to write to', 'a terminal', SEE_HELP);
    if (ending === '') throw misused('--format folder', 'a file, for standard output', 'a folder', SEE_HELP);
    return this.at(`stdout${ending}`, 'standard output');
  }

  /** Writes what was written to the path of `outputFor` to standard output. */
  async send(path: string): Promise<void> {
    await pipeline(createReadStream(path), process.stdout, { end: false });
  }

  /** A text that names the streams where it named the files that stand for them. */
  named(text: string): string {
    return [...this.names].reduce((said, [path, stream]) => said.replaceAll(path, stream), text);
  }

  /** The same of what an error says. */
  namedError(error: unknown): unknown {
    if (!(error instanceof PxvError) || this.named(error.message) === error.message) return error;
    const { argument, expected, received, remedy } = error.parts;
    const [a, e, r, m] = [argument, expected, received, remedy].map((text) => this.named(text));
    return new PxvError({ ...error.parts, argument: a, expected: e, received: r, remedy: m }, { cause: error });
  }

  remove(): void {
    this.folder?.remove();
  }
}

/** What the system would not write to the folder of temporary files. */
function notKept(cause: unknown): unknown {
  return writeFailure(tmpdir(), cause, { operation: 'keep a standard stream', remedy: 'set TMPDIR to another folder' });
}

const misused = errorFactory('USAGE', 'predict');
const SEE_HELP = 'see pxv predict --help';
