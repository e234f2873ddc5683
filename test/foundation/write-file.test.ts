import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  appendLine,
  checkWritable,
  writeFileAtomically,
  parseTemporaryName,
  writeAtomically,
  writeFailure,
} from '../../src/foundation/write-file.js';
import { temporaryFolder } from '../video/made-clips.js';

const root = temporaryFolder();
afterAll(root.remove);

let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root.path, String(count++));
  mkdirSync(folder);
});
const at = (...names: string[]) => join(folder, ...names);
const contents = (path: string) => readFileSync(path, 'utf8');
const bytes = (text: string) => Buffer.from(text);
const made = (temporary: string) => writeFile(temporary, 'made');

/** Both ways to write a file, as one. */
const ways = [
  ['replaceFile', (path: string, text: string) => Promise.resolve(writeFileAtomically(path, [bytes(text)]))],
  ['writeAtomically', (path: string, text: string) => writeAtomically(path, (temporary) => writeFile(temporary, text))],
] as const;

describe.each(ways)('%s', (_, write) => {
  test('writes a file in the place of another, and leaves nothing beside it', async () => {
    for (const text of ['a longer text', 'text']) {
      await write(at('file'), text);
      expect(contents(at('file'))).toBe(text);
    }
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test.each([
    ['as long as can be', 'n'.repeat(255)],
    ['as long as can be in letters of four bytes', '\u{1F39E}'.repeat(63)],
    ['that is hidden', '.hidden'],
  ])('writes a file with a name %s', async (_, name) => {
    await write(at(name), 'text');
    expect(readdirSync(folder)).toEqual([name]);
  });
});

test('replaceFile writes its parts one after another, views of a part of their memory too', () => {
  const levels = Uint8Array.from({ length: 9 }, (_, index) => 48 + index);
  writeFileAtomically(at('file'), [levels.subarray(2, 4), levels.subarray(7), new Float32Array(0)]);
  expect(contents(at('file'))).toBe('2378');
});

test('replaceFile that is refused leaves what is there, and nothing beside it', () => {
  mkdirSync(at('folder', 'inside'), { recursive: true });
  expect(() => writeFileAtomically(at('folder'), [bytes('text')])).toThrow(/folder: expected a writable path/);
  expect(readdirSync(folder, { recursive: true })).toEqual(['folder', join('folder', 'inside')]);
});

describe('writeAtomically', () => {
  test('puts a folder in the place of another, below folders that it makes', async () => {
    for (const name of ['old', 'new']) {
      await writeAtomically(at('a', 'b'), async (temporary) => {
        await mkdir(temporary);
        await writeFile(join(temporary, name), name);
      });
    }
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(['a', join('a', 'b'), join('a', 'b', 'new')]);
  });

  test('removes what was half made, and throws what was thrown', async () => {
    writeFileSync(at('file'), 'old');
    const thrown = new Error('in the middle');
    const half = async (temporary: string) => {
      await mkdir(temporary);
      await writeFile(join(temporary, '1'), '');
      throw thrown;
    };
    await expect(writeAtomically(at('file'), half)).rejects.toBe(thrown);
    expect([readdirSync(folder), contents(at('file'))]).toEqual([['file'], 'old']);
  });

  test('looks at the place once all is written, and leaves it as it is where that throws', async () => {
    const thrown = new Error('taken meanwhile');
    const meanwhile = async (temporary: string) => {
      await writeFile(temporary, 'new');
      writeFileSync(at('file'), 'of another program');
    };
    const confirm = () => Promise.reject(thrown);
    await expect(writeAtomically(at('file'), meanwhile, { confirm })).rejects.toBe(thrown);
    expect([readdirSync(folder), contents(at('file'))]).toEqual([['file'], 'of another program']);
  });

  test('says how another place is chosen where it is given that', async () => {
    writeFileSync(at('file'), '');
    await expect(writeAtomically(at('file', 'x'), made, { remedy: 'set A' })).rejects.toMatchObject({
      code: 'OUTPUT',
      message: expect.stringMatching(/^write: .*x: expected .*, received ENOTDIR[^\n]*; set A$/) as string,
    });
  });

  test('leaves nothing where the whole program ends in the middle', () => {
    const program = `
      import { writeFileSync } from 'node:fs';
      import { writeAtomically } from './dist/src/foundation/write-file.js';
      await writeAtomically(${JSON.stringify(at('file'))}, async (temporary) => {
        writeFileSync(temporary, 'half');
        process.exit(7);
      });`;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
    expect([status, readdirSync(folder)]).toEqual([7, []]);
  });
});

test('while it is made, a file has a name that is hidden and known again, and says what it is to be', async () => {
  const long = `${'n'.repeat(40)}.mp4`;
  for (const [name, known] of [
    ['0123.frames', '0123.frames'],
    [long, 'n'.repeat(40)],
  ]) {
    await writeAtomically(at(name), async (temporary) => {
      await writeFile(temporary, '');
      const [entry] = readdirSync(folder).filter((found) => found.endsWith('.partial'));
      expect([entry[0], parseTemporaryName(entry)]).toEqual(['.', known]);
    });
  }
  for (const name of ['file', 'cifar.partial', '.file.partial', 'file.0123456789abcdef.partial'])
    expect(parseTemporaryName(name)).toBeNull();
});

test('where making fails, folders that were made for it are gone, but for those that hold something else', async () => {
  const failing = (path: string, meanwhile = () => {}) =>
    writeAtomically(path, () => {
      meanwhile();
      return Promise.reject(new Error('failed'));
    });
  await expect(failing(at('a', 'b', 'film.mp4'))).rejects.toThrow('failed');
  expect(existsSync(at('a'))).toBe(false);
  const other = at('c', 'other');
  await expect(failing(at('c', 'd', 'film.mp4'), () => writeFileSync(other, ''))).rejects.toThrow('failed');
  expect(readdirSync(at('c'))).toEqual(['other']);
});

test('checkWritable leaves nothing behind, no folder that was missing either', () => {
  checkWritable(at('a', 'b', 'film.mp4'));
  expect(existsSync(at('a'))).toBe(false);
  mkdirSync(at('there'));
  checkWritable(at('there', 'film.mp4'));
  expect(readdirSync(at('there'))).toEqual([]);
  writeFileSync(at('file'), '');
  expect(() => checkWritable(at('file', 'film.mp4'))).toThrow(/film\.mp4: expected a writable path/);
});

describe('a write that the system refuses is an error of one line', () => {
  const refusal = (code: string, errno = -1) =>
    Object.assign(new Error(`${code}: said\nso, write`), { code, errno, syscall: 'write' });

  test.each([
    ['EACCES', -constants.errno.EACCES, 'choose another path'],
    ['EROFS', -constants.errno.EROFS, 'choose another path'],
    ['ENOSPC', -constants.errno.ENOSPC, 'free the disk, or choose another path'],
    ['Unknown system error -122', -constants.errno.EDQUOT, 'free the disk, or choose another path'],
  ])('%s', (code, errno, remedy) => {
    const cause = refusal(code, errno);
    expect(writeFailure('a/b', cause)).toMatchObject({
      code: 'OUTPUT',
      message: `write: a/b: expected a writable path, received ${code}: said so, write; ${remedy}`,
      cause,
    });
  });

  test('that names what was done and how another place is chosen', () => {
    expect(writeFailure('a', refusal('ENOSPC'), { operation: 'download', remedy: 'set A' })).toMatchObject({
      message: 'download: a: expected a writable path, received ENOSPC: said so, write; free the disk, ' + 'or set A',
    });
  });

  test('and an error of anything else stays what it is', () => {
    const cause = new Error('diverged');
    expect(writeFailure('a', cause)).toBe(cause);
  });

  (existsSync('/dev/full') ? test : test.skip)('on a disk that is full', () => {
    expect(() => appendLine('/dev/full', 'text')).toThrow(
      /^write: \/dev\/full: expected a writable path, received ENOSPC: [^\n]*; free the disk, or choose another path$/,
    );
  });
});
