import { jest } from '@jest/globals';
import { Command } from 'commander';
import { reportError, throwUsageError } from '../../cli/action.js';
import type { Outcome } from './pxv.js';

/**
 * Runs a command of `pxv` as cli/main.ts does, but in this process, which saves the start of one. One at a time: the
 * folder `cwd`, the environment, the streams and the exit code are the process's. What threads, signals and the end of
 * a process do is for `pxv` to test.
 */
export async function pxvInProcess(
  args: string[],
  { cwd, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  const before = { cwd: process.cwd(), env: process.env };
  process.env = { ...process.env, ...env };
  if (cwd !== undefined) process.chdir(cwd);
  let code: number;
  try {
    const program = new Command('pxv');
    const { createCommand } = (await import(`../../cli/${args[0]}.js`)) as {
      createCommand: (program: Command) => Command;
    };
    program.addCommand(createCommand(program));
    throwUsageError(program);
    await program.parseAsync(args, { from: 'user' });
    code = Number(process.exitCode ?? 0);
  } catch (error) {
    code = reportError(error);
  } finally {
    process.exitCode = 0;
    process.chdir(before.cwd);
    process.env = before.env;
    for (const spy of spies) spy.mockRestore();
  }
  return { code, ...written };
}
