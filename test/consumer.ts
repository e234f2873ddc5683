import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './video/made-clips.js';

const run = promisify(execFile);

/**
 * A user's folder with the package installed, and its examples; `outputOf` runs a program there and gives what it
 * prints.
 */
export function consumerFolder() {
  const folder = temporaryFolder();
  beforeAll(() => {
    mkdirSync(join(folder.path, 'node_modules'));
    symlinkSync(resolve('.'), join(folder.path, 'node_modules', 'pxv'));
    symlinkSync(resolve('examples'), join(folder.path, 'examples'));
    writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
  });
  afterAll(folder.remove);
  const outputOf = async (name: string, program: string): Promise<string> => {
    writeFileSync(join(folder.path, name), program);
    return (await run(process.execPath, [name], { cwd: folder.path })).stdout;
  };
  return { path: folder.path, outputOf };
}
