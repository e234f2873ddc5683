import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built command line; test/build-once.ts keeps it up to date. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  /** Null where a signal ended the process. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Starts `pxv` as a process of its own, in the folder `cwd` where given, with `env` added to the environment, and its
 * output in a file that is open.
 */
export function start(
  args: string[],
  { cwd, env = {}, stdout = 'pipe' }: { cwd?: string; env?: NodeJS.ProcessEnv; stdout?: 'pipe' | number } = {},
): ChildProcess {
  const inherited = { ...process.env };
  // Jest's own options must not reach the process under test.
  delete inherited.NODE_OPTIONS;
  delete inherited.PXV_DEBUG;
  return spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['pipe', stdout, 'pipe'],
  });
}

/** Runs `pxv` to its end. */
export function pxv(args: string[], options?: Parameters<typeof start>[1]): Promise<Outcome> {
  return outcomeOf(start(args, options));
}

/** Collects what a process prints, to its end. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (text: Buffer) => (outcome.stdout += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (outcome.stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...outcome, code };
}

/** Returns the lines on stderr, without the note on a missing native addon: the tests run without the addon, too. */
export function linesSaid({ stderr }: Outcome): string[] {
  const lines = stderr.trimEnd().split('\n');
  return lines.filter((line) => !line.startsWith('pxv: the native addon does not load'));
}
