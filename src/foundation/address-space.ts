import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorFactory } from './errors.js';

/**
 * Returns the bytes of addresses that this process may still reserve, by `ulimit -v` or `prlimit --as`. Infinity if
 * there is no limit, or if the system does not state one in procfs.
 * @param proc path of procfs
 */
export function freeAddresses(proc = '/proc'): number {
  const limit = figure(join(proc, 'self', 'limits'), /^Max address space +(\d+)/m);
  const used = figure(join(proc, 'self', 'status'), /^VmSize:\s+(\d+) kB$/m);
  return Number.isNaN(limit) || Number.isNaN(used) ? Infinity : Math.max(0, limit - 1024 * used);
}

/** Returns the number that a pattern finds in a file; NaN if there is none. */
function figure(path: string, pattern: RegExp): number {
  try {
    return Number(pattern.exec(readFileSync(path, 'utf8'))?.[1] ?? NaN);
  } catch {
    return NaN;
  }
}

/**
 * Throws if this process may reserve fewer than `bytes` more addresses. Where addresses run out, Node.js ends with a
 * native stack trace.
 * @throws PxvError `RESOURCES`
 */
export function assertFreeAddresses(operation: string, bytes: number, proc?: string): void {
  const free = freeAddresses(proc);
  if (free >= bytes) return;
  const [expected, received] = [bytes, free].map((count) => `${(count / 2 ** 30).toFixed(1)} GiB`);
  const remedy = 'raise the limit (ulimit -v, prlimit --as), or set none';
  const more = 'more addresses for this process';
  throw errorFactory('RESOURCES', operation)(
    'memory',
    `${expected} ${more}`,
    `a limit that leaves ${received}`,
    remedy,
  );
}
