import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './video/made-clips.js';

const run = promisify(execFile);

/** A user's folder with the package installed, and its examples. */
const folder = temporaryFolder();
beforeAll(() => {
  mkdirSync(join(folder.path, 'node_modules'));
  symlinkSync(resolve('.'), join(folder.path, 'node_modules', 'pxv'));
  symlinkSync(resolve('examples'), join(folder.path, 'examples'));
  writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
});
afterAll(folder.remove);

test.each([
  ['README.md', 0, /^\d\.\d{3} bits\/dim\n$/, 'future.gif'],
  ['docs/library.md', 3, /^done\n$/, 'worker.mp4'],
])('the program of %s runs as pasted: number %d', async (document, number, said, made) => {
  const programs = [...readFileSync(document, 'utf8').matchAll(/```js\n(.*?)```/gs)].map(([, program]) => program);
  writeFileSync(join(folder.path, 'program.js'), programs[number]);
  const { stdout } = await run(process.execPath, ['program.js'], { cwd: folder.path });
  expect(stdout).toMatch(said);
  expect(existsSync(join(folder.path, made))).toBe(true);
});
