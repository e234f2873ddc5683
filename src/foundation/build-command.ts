import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from './package-folder.js';

/**
 * Returns the shell command that builds the native addon if typed in the folder `cwd`. In the root of a clone, returns
 * `npm run build`; elsewhere, `node` with the path of `scripts/build-addon.mjs`, which an installed package has too.
 */
export function describeBuildCommand(folder = packageFolder(), cwd = process.cwd()): string {
  if (cwd === folder && isClone(folder)) return 'npm run build';
  const script = join(folder, 'scripts', 'build-addon.mjs');
  const fromHere = relative(cwd, script);
  const path = fromHere.startsWith('..') ? script : fromHere;
  return `node ${/^[\w./\\:@+-]+$/.test(path) ? path : `"${path}"`}`;
}

/** Returns true if `folder` is a clone with its sources, false if it is an installed package. */
export function isClone(folder = packageFolder()): boolean {
  return existsSync(join(folder, 'tsconfig.build.json'));
}
