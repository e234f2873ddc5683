import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../src/foundation/temporary-folder.js';

test('a temporary folder is removed with all that is in it, and listens no more', () => {
  const before = process.listenerCount('exit');
  const { path, remove } = makeTemporaryFolder('pxv-test-');
  writeFileSync(join(path, 'file'), '');
  expect(process.listenerCount('exit')).toBe(before + 1);
  remove();
  expect({ left: existsSync(path), listeners: process.listenerCount('exit') }).toEqual({
    left: false,
    listeners: before,
  });
});

test('a process that ends before it has removed its folder leaves none', () => {
  const program = `
    import { writeFileSync } from 'node:fs';
    import { makeTemporaryFolder } from './dist/src/foundation/temporary-folder.js';
    const { path } = makeTemporaryFolder('pxv-test-');
    writeFileSync(path + '/file', '');
    console.log(path);
    process.exit(130);`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect({ status, left: existsSync(stdout.trim()) }).toEqual({ status: 130, left: false });
});
