import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and its missing parents. Node's recursive mkdir would never return below /proc, where no folder can
 * be created.
 * @returns paths of the created folders, the innermost first; empty if `path` exists
 * @throws the system's error if a folder cannot be created
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
