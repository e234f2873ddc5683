import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { orNull } from './or-null.js';
import { packageFolder } from './package-folder.js';

/**
 * Returns the companion package for `purpose`, an npm package that holds files of pxv too large for the main package:
 * `models`, or a prebuilt native addon for a platform and architecture (`linux-x64`). Returns null if package.json
 * lists no package for `purpose`. Only packed releases list companion packages (see `scripts/pack.mjs`), since a clone
 * holds all files.
 * @returns `specifier` for npm install: name@version, with the version of the main package; `folder` of the installed
 *   package, null if the package is not installed
 */
export function findCompanionPackage(purpose: string) {
  const path = join(packageFolder(), 'package.json');
  const { companions = {}, version } = JSON.parse(readFileSync(path, 'utf8')) as {
    companions?: Record<string, string>;
    version: string;
  };
  const name = companions[purpose];
  if (name === undefined) return null;
  const folder = orNull(() => dirname(createRequire(path).resolve(`${name}/package.json`)));
  return { specifier: `${name}@${version}`, folder };
}
