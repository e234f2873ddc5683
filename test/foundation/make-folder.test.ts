import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../src/foundation/make-folder.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

test('a folder is made with its parents, and once more without complaint', () => {
  const path = join(folder.path, 'a', 'b', 'c');
  const made = [path, join(folder.path, 'a', 'b'), join(folder.path, 'a')];
  expect([makeFolder(path), makeFolder(path)]).toEqual([made, []]);
  expect(statSync(path).isDirectory()).toBe(true);
});

test('below a file no folder is made', () => {
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(join(file, 'a', 'b'))).toThrow(/ENOTDIR/);
});

(existsSync('/proc/self') ? test : test.skip)('in /proc the attempt ends', () => {
  expect(() => makeFolder('/proc/pxv/a')).toThrow(/ENOENT/);
});
