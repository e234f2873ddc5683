import { spawnSync } from 'node:child_process';
import { announceMissing } from '../announce-missing.js';

const environment = { PATH: process.env.PATH, HOME: process.env.HOME, OMP_NUM_THREADS: '1' };
const python = ['/usr/bin/python3', 'python3'].find((name) => run(name, ['-c', 'import torch']).status === 0);

/** Tests that need a Python with PyTorch, whose name they are given; skipped in sight where this machine has none. */
export function describeWithPytorch(name: string, tests: (program: string) => void): void {
  if (python === undefined) announceMissing(`a python3 with torch, for ${name}`);
  else describe(name, () => tests(python));
}

/** Runs a Python program, on one thread, with `input` to read. */
export function run(program: string, args: readonly string[], input = '') {
  return spawnSync(program, ['-B', ...args], { env: environment, encoding: 'utf8', input, maxBuffer: 2 ** 28 });
}
