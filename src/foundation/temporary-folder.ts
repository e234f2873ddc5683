import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own among the system's temporary ones. */
export interface TemporaryFolder {
  path: string;
  /** Removes it, with all that is in it. */
  remove: () => void;
}

/**
 * Makes a folder that is gone when it is removed, or the process ends by itself: also where a second interruption ends it at once.
 *
 * @param prefix of its name
 * @throws what the system says where it cannot be made
 */
export function makeTemporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
  const remove = () => {
    process.off('exit', remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on('exit', remove);
  return { path, remove };
}
