import { spawnSync } from 'node:child_process';

/** Runs a program of bench/. */
export function runProgram(program: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`bench/${program}`, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}
