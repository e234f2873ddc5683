import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorFactory } from '../foundation/errors.js';

/**
 * Checks that the disk of `folder`, which may not exist yet, has `bytes` of free space. `what` describes the data in
 * the error, such as `120 frames of 64x64`, and `remedy` is the error's remedy.
 * @param freeBytes returns the free bytes of a folder's disk. Default: asks the system; without an answer, the check
 *   passes
 * @throws PxvError `RESOURCES` if the free space is less
 */
export async function assertDiskSpace(
  { folder, bytes, what, remedy }: Record<'folder' | 'what' | 'remedy', string> & { bytes: number },
  freeBytes: (folder: string) => Promise<number> = freeOnDisk,
): Promise<void> {
  let place = resolve(folder);
  while (!existsSync(place) && place !== dirname(place)) place = dirname(place);
  const free = await freeBytes(place);
  if (bytes <= free) return;
  const inGiB = (count: number) => `${(count / 2 ** 30).toFixed(1)} GiB`;
  const expected = `at most the ${inGiB(free)} that are free`;
  throw errorFactory('RESOURCES', 'decode')(folder, expected, `about ${inGiB(bytes)} for ${what}`, remedy);
}

async function freeOnDisk(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => null);
  return found === null ? Infinity : found.bavail * found.bsize;
}
