import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from './package-folder.js';

/**
 * Returns the shell command that builds the native addon, to be run in `cwd`. In the root of a clone, the command is
 * `npm run build`. Elsewhere, the command is `node` with the path of `scripts/build-addon.mjs`: relative if below
 * `cwd`, else absolute.
 * @param folder root folder of the package; default: of this package
 * @param cwd folder to run the command in; default: the current folder
 */
export function describeBuildCommand(folder = packageFolder(), cwd = process.cwd()): string {
  if (cwd === folder && isClone(folder)) return 'npm run build';
  const script = join(folder, 'scripts', 'build-addon.mjs');
  const fromHere = relative(cwd, script);
  const path = fromHere.startsWith('..') ? script : fromHere;
  return `node ${/^[\w./\\:@+-]+$/.test(path) ? path : `"${path}"`}`;
}

/**
 * Returns true if the package root `folder` is a clone with its sources, false if `folder` is an installed package.
 * Default: the root of this package.
 */
export function isClone(folder = packageFolder()): boolean {
  return existsSync(join(folder, 'tsconfig.build.json'));
}
