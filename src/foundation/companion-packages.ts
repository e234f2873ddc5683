import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageFolder } from './package-folder.js';

/** Another package of pxv's, which holds what this one is too large with. */
export interface CompanionPackage {
  /** As npm installs it: its name, and the version that fits this one. */
  specifier: string;
  /** Where it is installed; null where it is not. */
  folder: string | null;
}

/**
 * The companion package of a purpose: "models", or a platform and architecture (`linux-x64`) for its native addon. Null where there is
 * none, as in a clone, which holds all: `scripts/pack.mjs` writes their names into the manifest that is published.
 */
export function findCompanionPackage(purpose: string): CompanionPackage | null {
  const path = join(packageFolder(), 'package.json');
  const { companions = {}, version } = JSON.parse(readFileSync(path, 'utf8')) as {
    companions?: Record<string, string>;
    version: string;
  };
  const name = companions[purpose];
  if (name === undefined) return null;
  return { specifier: `${name}@${version}`, folder: folderOf(`${name}/package.json`, path) };
}

function folderOf(manifest: string, from: string): string | null {
  try {
    return dirname(createRequire(from).resolve(manifest));
  } catch {
    return null;
  }
}
