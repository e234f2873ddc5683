import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configureTraining } from '../../../src/commands/train/configure-training.js';
import { resolveListedClips } from '../../../src/commands/train/listed-clips.js';
import { hashText } from '../../../src/training/data-list.js';
import { temporaryFolder } from '../../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);
const list = at('clips.tsv');

beforeAll(() => {
  for (const inner of ['clips', join('clips', 'more'), 'wrong']) mkdirSync(at(inner), { recursive: true });
  for (const name of ['a.mp4', 'b.mp4', 'other.mp4']) writeFileSync(at('clips', name), name);
  writeFileSync(at('clips', 'more', 'c.mp4'), 'c.mp4');
  writeFileSync(at('wrong', 'b.mp4'), 'not b');
  mkdirSync(at('images', 'a.mp4'), { recursive: true });
  writeFileSync(at('images', 'a.mp4', '1.png'), 'a picture');
  writeList([
    ['b.mp4', hashText('b.mp4'), 'learn'],
    ['c.mp4', hashText('c.mp4'), 'validate'],
    ['a.mp4', hashText('a.mp4'), 'learn'],
  ]);
});

function writeList(rows: string[][], titles = ['file', 'sha256', 'use']): void {
  // A column that nothing reads stands before the others.
  writeFileSync(
    list,
    [['origin', ...titles], ...rows.map((row) => ['here', ...row])].map((row) => row.join('\t')).join('\n'),
  );
}

test('listed clips are found by name, wherever they lie, in the order of the list; others are skipped', async () => {
  expect(await resolveListedClips(list, [at('clips')])).toEqual({
    frames: [at('clips', 'b.mp4'), at('clips', 'a.mp4')],
    validate: [at('clips', 'more', 'c.mp4')],
  });
});

test('a file of the name with other bytes is passed over where the right one is there too', async () => {
  expect((await resolveListedClips(list, [at('wrong'), at('clips')])).frames[0]).toBe(at('clips', 'b.mp4'));
});

test('a folder of images of a listed name is not the file that is meant', async () => {
  const { frames } = await resolveListedClips(list, [at('images'), at('clips')]);
  expect(frames[1]).toBe(at('clips', 'a.mp4'));
});

test('what is missing, or has other bytes, is named', async () => {
  await expect(resolveListedClips(list, [at('wrong')])).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(
      /3 clips of .*clips\.tsv, received 0 .*: b\.mp4 has other bytes, c\.mp4 is missing, a\.mp4 is missing; /,
    ) as string,
  });
});

test('a configuration takes what is learned from and what validates from its list', async () => {
  const data = { type: 'clips' as const, list, frames: [at('clips')] };
  const { data: found } = await configureTraining({ data });
  expect(found).toMatchObject({ frames: { length: 2 }, validate: [at('clips', 'more', 'c.mp4')] });
  expect(found).not.toHaveProperty('list');
  await expect(configureTraining({ data: { ...data, validate: [at('wrong')] } })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/data\.validate.*data\.list/) as string,
  });
});

test.each([
  ['no list', at('nowhere.tsv'), /ENOENT/],
  ['a list without hashes', null, /other columns/],
])('%s is refused in one line', async (_, path, message) => {
  if (path === null) writeList([['a.mp4', 'learn']], ['file', 'use']);
  await expect(resolveListedClips(path ?? list, [at('clips')])).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(message) as string,
  });
});
