import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorFactory } from './errors.js';
import { orNull } from './or-null.js';

/**
 * Returns the bytes of address space that this process may still reserve under the limit of `ulimit -v` or
 * `prlimit --as`. Returns Infinity if there is no limit, or if procfs states none.
 * @param proc path of procfs
 */
export function freeAddresses(proc = '/proc'): number {
  const limit = figure(join(proc, 'self', 'limits'), /^Max address space +(\d+)/m);
  const used = figure(join(proc, 'self', 'status'), /^VmSize:\s+(\d+) kB$/m);
  return Number.isNaN(limit) || Number.isNaN(used) ? Infinity : Math.max(0, limit - 1024 * used);
}

/** Returns the number that a pattern finds in a file; NaN if there is none. */
function figure(path: string, pattern: RegExp): number {
  return Number(pattern.exec(orNull(() => readFileSync(path, 'utf8')) ?? '')?.[1] ?? NaN);
}

/**
 * Checks that this process may reserve `bytes` more bytes of address space. If address space runs out, Node.js crashes
 * with a native stack trace.
 * @param operation name of the operation that needs the memory, for the error
 * @param proc path of procfs
 * @throws PxvError `RESOURCES` if fewer than `bytes` are left
 */
export function assertFreeAddresses(operation: string, bytes: number, proc?: string): void {
  const free = freeAddresses(proc);
  if (free >= bytes) return;
  const [expected, received] = [bytes, free].map((count) => `${(count / 2 ** 30).toFixed(1)} GiB`);
  const remedy = 'raise the limit (ulimit -v, prlimit --as), or set none';
  const wanted = `${expected} more addresses for this process`;
  throw errorFactory('RESOURCES', operation)('memory', wanted, `a limit that leaves ${received}`, remedy);
}
