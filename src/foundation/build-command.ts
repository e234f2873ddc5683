import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from './package-folder.js';

/**
 * What builds the native addon when it is typed in the folder `cwd`. An installed package has no `npm run build`: that
 * needs the sources, which a clone has and a package has not.
 */
export function describeBuildCommand(folder = packageFolder(), cwd = process.cwd()): string {
  if (cwd === folder && isClone(folder)) return 'npm run build';
  const script = join(folder, 'scripts', 'build-addon.mjs');
  const fromHere = relative(cwd, script);
  const path = fromHere.startsWith('..') ? script : fromHere;
  return `node ${/^[\w./\\:@+-]+$/.test(path) ? path : `"${path}"`}`;
}

/** Whether this is a clone with its sources, and no installed package. */
export function isClone(folder = packageFolder()): boolean {
  return existsSync(join(folder, 'tsconfig.build.json'));
}
