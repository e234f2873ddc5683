import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folder that one task has to itself in the system's temporary folder. `remove` removes it and its contents. */
export type TemporaryFolder = ReturnType<typeof makeTemporaryFolder>;

/**
 * Creates a temporary folder. The folder is removed by `remove` or when the process exits, also if a second
 * interruption ends the process at once.
 * @param prefix beginning of the folder's name, before random characters
 * @throws the system's error if the folder cannot be created
 */
export function makeTemporaryFolder(prefix: string) {
  const path = mkdtempSync(join(tmpdir(), prefix));
  const remove = () => {
    process.off('exit', remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on('exit', remove);
  return { path, remove };
}
