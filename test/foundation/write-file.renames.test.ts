import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';

// No module that imports write-file.js may be imported before its renames are replaced.
const folder = { path: fs.mkdtempSync(join(tmpdir(), 'pxv-test-')) };
afterAll(() => fs.rmSync(folder.path, { recursive: true }));

/** Numbers of the renames that fail, from 1. */
let failing: number[] = [];
let renames = 0;
jest.unstable_mockModule('node:fs', () => ({
  ...fs,
  renameSync: (from: string, to: string) => {
    if (failing.includes(++renames))
      throw Object.assign(new Error('EIO: i/o error, rename'), { code: 'EIO', errno: -5, syscall: 'rename' });
    fs.renameSync(from, to);
  },
}));
const { checkWritable, writeAtomically, writeFileAtomically } = await import('../../src/foundation/write-file.js');

let folders = 0;
/** A folder with a file, which is to be replaced by another folder. */
function replaced(): { path: string; replace: () => Promise<void> } {
  const home = join(folder.path, String(folders++));
  const path = join(home, 'out');
  fs.mkdirSync(path, { recursive: true });
  fs.writeFileSync(join(path, 'old'), 'old');
  renames = 0;
  const make = (temporary: string) => {
    fs.mkdirSync(temporary);
    fs.writeFileSync(join(temporary, 'new'), 'new');
    return Promise.resolve();
  };
  return { path, replace: () => writeAtomically(path, make) };
}
// The first rename onto a folder with entries fails by itself.
test.each([
  ['that moves the old folder aside', [2]],
  ['of the new folder', [3]],
])('a rename %s that fails is an error of one line, and the old folder stays', async (_, those) => {
  failing = those;
  const { path, replace } = replaced();
  await expect(replace()).rejects.toMatchObject({
    code: 'OUTPUT',
    message: `write: ${path}: expected a writable path, received EIO: i/o error, rename; choose another path`,
  });
  expect(fs.readdirSync(path)).toEqual(['old']);
  expect(fs.readdirSync(join(path, '..'))).toEqual(['out']);
});

test('an old folder that cannot be moved back is kept until another is in its place, and is named', async () => {
  failing = [3, 4];
  const { path, replace } = replaced();
  const error = await replace().catch((thrown: Error) => thrown);
  const [left] = fs.readdirSync(join(path, '..')).map((name) => join(path, '..', name));
  expect(fs.readdirSync(left)).toEqual(['old']);
  expect(error).toMatchObject({
    code: 'OUTPUT',
    message:
      `write: ${path}: expected the old folder back in its place, received EIO: i/o error, rename; ` +
      `rename ${left}, which is the old folder`,
  });

  // A day later, as after a process that was killed between the two renames.
  const long = new Date(Date.now() - 2 * 24 * 3600 * 1000);
  fs.utimesSync(left, long, long);
  failing = [];
  expect(() => checkWritable(path)).not.toThrow();
  expect(fs.existsSync(left)).toBe(true);
  fs.mkdirSync(path);
  checkWritable(path);
  expect(fs.existsSync(left)).toBe(false);
});

test('without a failure the new folder is there, and nothing beside it', async () => {
  failing = [];
  const { path, replace } = replaced();
  await replace();
  expect(renames).toBe(3);
  expect([fs.readdirSync(path), fs.readdirSync(join(path, '..'))]).toEqual([['new'], ['out']]);
});

test('a file whose rename fails leaves the old one, and nothing beside it', () => {
  const home = join(folder.path, String(folders++));
  fs.mkdirSync(home);
  fs.writeFileSync(join(home, 'file'), 'old');
  [failing, renames] = [[1], 0];
  expect(() => writeFileAtomically(join(home, 'file'), [Buffer.from('new')])).toThrow(
    /received EIO: .*; choose another/,
  );
  expect([fs.readdirSync(home), fs.readFileSync(join(home, 'file'), 'utf8')]).toEqual([['file'], 'old']);
});
