import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own folder: the nearest one above this file that holds package.json, from src and from dist alike. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** What package.json says of the package. */
export function readPackageInfo(): { version: string; description: string } {
  return JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as ReturnType<typeof readPackageInfo>;
}
