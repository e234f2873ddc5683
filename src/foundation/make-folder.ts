import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder, and its parents where they are missing. Node's own recursive mkdir never returns from a place such as
 * /proc, where no folder can be made and the system says that the parent does not exist.
 *
 * @returns the folders that were made, the innermost first
 */
export function makeFolder(path: string): string[] {
  if (existsSync(path)) return [];
  const made = makeFolder(dirname(path));
  try {
    mkdirSync(path);
    return [path, ...made];
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return made;
  }
}
