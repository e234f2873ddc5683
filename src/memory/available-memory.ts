import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';
import { freeAddresses } from '../foundation/address-space.js';
import { errorFactory } from '../foundation/errors.js';
import { orNull } from '../foundation/or-null.js';

/** Sources of the system's memory figures, which tests replace. */
export interface MemoryFiles {
  /** Path of procfs. */
  proc: string;
  /** Path of the control groups. */
  cgroups: string;
  /** Returns the output of `vm_stat` on macOS, null on other systems. */
  pages: () => string | null;
}

const system: MemoryFiles = {
  proc: '/proc',
  cgroups: '/sys/fs/cgroup',
  pages: () => (process.platform === 'darwin' ? spawnSync('vm_stat', { encoding: 'utf8' }).stdout : null),
};

/**
 * Returns the maximum memory of this process, in bytes, including the memory that it holds already. The environment
 * variable PXV_MEMORY, in MiB, sets the maximum. Otherwise the maximum is the held memory plus the system's free
 * memory, as limited by control groups and by the address space.
 *
 * `process.availableMemory` of Node.js counts a control group's droppable file caches as used, and ignores limits of
 * the groups above and of the address space.
 * @throws PxvError `USAGE` if PXV_MEMORY is not a number above 0
 */
export function availableMemory(files: MemoryFiles = system): number {
  const { PXV_MEMORY: chosen } = process.env;
  if (chosen !== undefined && chosen !== '') {
    if (Number(chosen) > 0 && Number(chosen) < Infinity) return Number(chosen) * 2 ** 20;
    const remedy = 'give one such as PXV_MEMORY=4096, or unset it';
    throw errorFactory('USAGE', 'measure free memory')('PXV_MEMORY', 'a number of MiB', JSON.stringify(chosen), remedy);
  }
  const free = meminfo(files) ?? freePages(files) ?? freemem();
  return process.memoryUsage.rss() + Math.min(free, freeAddresses(files.proc), ...freeInGroups(files));
}

/** Returns MemAvailable of procfs, in bytes: free memory and droppable caches; null if procfs has no such line. */
function meminfo({ proc }: MemoryFiles): number | null {
  const found = /^MemAvailable:\s+(\d+) kB$/m.exec(text(join(proc, 'meminfo')) ?? '');
  return found === null ? null : 1024 * Number(found[1]);
}

/** Returns the memory that macOS can free, in bytes, null elsewhere. Few pages are free: inactive ones count too. */
function freePages({ pages }: MemoryFiles): number | null {
  const printed = pages() ?? '';
  const number = (pattern: RegExp) => Number(pattern.exec(printed)?.[1] ?? NaN);
  const counts = ['free', 'inactive', 'speculative'].map((kind) =>
    number(new RegExp(`^Pages ${kind}:\\s+(\\d+)`, 'm')),
  );
  const bytes = number(/page size of (\d+) bytes/) * counts.reduce((sum, count) => sum + count, 0);
  return Number.isNaN(bytes) ? null : bytes;
}

/** Returns the memory left, in bytes, in each limited control group of the process and in the groups above. */
function freeInGroups({ proc, cgroups }: MemoryFiles): number[] {
  const lines = (text(join(proc, 'self', 'cgroup')) ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    // Version 2 has one hierarchy without a name, version 1 one for each controller.
    if (path === undefined) return [];
    if (controllers === '') return alongPath(cgroups, path, 'memory.max', 'memory.current', 'inactive_file');
    if (!controllers.split(',').includes('memory')) return [];
    const names = ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file'] as const;
    return alongPath(join(cgroups, 'memory'), path, ...names);
  });
}

/**
 * Returns the memory left, in bytes, in a control group and the groups above. In a container `path` may not exist: the
 * root counts.
 */
function alongPath(root: string, path: string, limit: string, usage: string, cache: string): number[] {
  const free: number[] = [];
  for (let group = path; ; group = dirname(group)) {
    const folder = join(root, group);
    const most = Number(text(join(folder, limit)) ?? NaN);
    const used = Number(text(join(folder, usage)) ?? NaN);
    const droppable = new RegExp(`^${cache} (\\d+)$`, 'm').exec(text(join(folder, 'memory.stat')) ?? '');
    // `max` is no number, and version 1 writes a very large one.
    if (most >= 0 && used >= 0) free.push(Math.max(0, most - used + Number(droppable?.[1] ?? 0)));
    if (group === dirname(group)) return free;
  }
}

const text = (path: string) => orNull(() => readFileSync(path, 'utf8').trim());
