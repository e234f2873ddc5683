import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, rmdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import { checkOutput } from '../../src/video/output-kind.js';
import { listInputFiles } from '../../src/video/clip-reader.js';
import { encodePng } from '../../src/video/contact-sheet.js';
import { frame, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
afterAll(folder.remove);

/** A PNG file as somebody else writes it. */
const others = () =>
  sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
const own = () => encodePng(frame(2, 2, 3, () => 7));

beforeAll(async () => {
  writeFileSync(at('film.mp4'), 'film');
  symlinkSync(at('film.mp4'), at('link.mp4'));
  linkSync(at('film.mp4'), at('hard-link.mp4'));
  for (const name of ['frames', 'frames/old', 'few', 'empty']) mkdirSync(at(name));
  for (const name of ['frames/00000.png', 'frames/00001.png', 'frames/sheet.png', 'few/00000.png'])
    writeFileSync(at(name), await own());
  symlinkSync(at('few'), at('also-few'));
  symlinkSync(at('nowhere'), at('broken.mp4'));
});

const refused = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) as string });

test.each([
  ['itself', () => at('film.mp4'), 'film.mp4'],
  ['itself by a relative path', () => relative('.', at('film.mp4')), 'film.mp4'],
  ['itself by way of a folder that is not there', () => `${at('none')}/../film.mp4`, 'film.mp4'],
  ['its folder by way of one that is not there', () => `${at('none')}/../few`, 'few'],
  ['a link to it', () => at('link.mp4'), 'film.mp4'],
  ['what it is a link to', () => at('film.mp4'), 'link.mp4'],
  ['another name of the same file', () => at('hard-link.mp4'), 'film.mp4'],
  ['one of the images in its folder', () => at('frames/00001.png'), 'frames'],
  ['its folder', () => at('few'), 'few'],
  ['its folder by a link', () => at('also-few'), 'few'],
  ['the folder that it lies in', () => at('few'), 'few/00000.png'],
])('an output that is the input, %s, is refused even where it may replace something', async (_, output, input) => {
  const inputs = await listInputFiles(at(input));
  await expect(checkOutput(output(), { overwrite: true, inputs })).rejects.toMatchObject(
    refused('USAGE', /^write: .*: the output (is|would replace) the input.*; choose another --out$/),
  );
  expect(readFileSync(at('film.mp4'), 'utf8')).toBe('film');
});

test.each([
  ['film.mp4', /film\.mp4: the file exists; .* replace it with --overwrite$/],
  ['broken.mp4', /broken\.mp4: the file exists;/],
  ['few', /few: the folder holds 1 file; .* replace it with --overwrite$/],
])('%s is replaced where that is asked for, and only then', async (name, message) => {
  await expect(checkOutput(at(name))).rejects.toMatchObject(refused('OUTPUT', message));
  await checkOutput(at(name), { overwrite: true });
});

test('a frame says that it was written here, as other programs read it', async () => {
  const { comments } = await sharp(await own()).metadata();
  expect(comments).toEqual([{ keyword: 'Software', text: 'pxv' }]);
});

test.each<[string, string[]]>([
  ['frames', ['00000.png', '00001.png']],
  ['frames of a panel', ['sample-1/00000.png']],
  ['one frame among those written here', ['00000.png', '00002.png']],
  ['no picture at all', ['00000.png']],
])("somebody's own %s, called as those written here are, stay whatever is asked", async (what, names) => {
  const place = at(what.replaceAll(' ', '-'));
  mkdirSync(join(place, names[0], '..'), { recursive: true });
  for (const [index, name] of names.entries()) {
    const foreign = what.startsWith('no') ? Buffer.from('') : await others();
    writeFileSync(join(place, name), what.startsWith('one') && index === 0 ? await own() : foreign);
  }
  const before = readdirSync(place, { recursive: true });
  await expect(checkOutput(place, { overwrite: true })).rejects.toMatchObject(
    refused(
      'OUTPUT',
      /expected a new or empty folder, or one that pxv wrote, received one with .*\.png; choose another output$/,
    ),
  );
  expect(readdirSync(place, { recursive: true })).toEqual(before);
});

test('a folder, and a pipe, called as a frame is are no frames, and are not waited for', async () => {
  mkdirSync(at('odd/00000.png'), { recursive: true });
  const overwrite = () => checkOutput(at('odd'), { overwrite: true });
  await expect(overwrite()).rejects.toMatchObject(refused('OUTPUT', /received one with 00000\.png;/));
  if (process.platform === 'win32') return;
  rmdirSync(at('odd/00000.png'));
  execFileSync('mkfifo', [at('odd/00000.png')]);
  await expect(overwrite()).rejects.toMatchObject(refused('OUTPUT', /received one with 00000\.png;/));
});

test('an empty folder, and a file in the folder of a clip that is no image of it, are no loss', async () => {
  await checkOutput(at('empty'));
  const inputs = await listInputFiles(at('frames'));
  await checkOutput(at('frames/future.png'), { inputs });
  await checkOutput(at('frames/sheet.png'), { overwrite: true, inputs });
});

test.each(['none/../film.mp4', 'none/../frames/sheet.png'])(
  '%s stays as it is, although there is no such folder',
  async (name) => {
    await expect(checkOutput(`${folder.path}/${name}`, {})).rejects.toMatchObject(
      refused('OUTPUT', /the file exists; .*--overwrite$/),
    );
  },
);
