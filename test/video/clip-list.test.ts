import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listClips, describeMissingPath } from '../../src/video/clip-list.js';
import { openClip } from '../../src/video/clip-reader.js';
import { as, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

function tree(...files: string[]): string {
  const root = join(folder.path, String(Math.random()).slice(2));
  for (const file of files) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  return root;
}

const names = async (...paths: string[]) => (await listClips(paths)).map(({ name }) => name);

describe('the clips under a path', () => {
  it('are one for a file of any name', async () => {
    const root = tree('film.dat');
    expect(await listClips([join(root, 'film.dat')])).toEqual([
      { name: 'film.dat', path: join(root, 'film.dat'), isExplicit: true },
    ]);
  });

  it('are none for an empty path, which would stand for the folder at hand', async () => {
    await expect(listClips([''])).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(/^look for clips: '': expected .*, received an empty path; /) as string,
    });
  });

  it('are one for a folder of numbered images', async () => {
    const root = tree('take/001.png', 'take/002.png', 'take/notes.txt');
    expect(await listClips([join(root, 'take')])).toEqual([
      { name: 'take', path: join(root, 'take'), isExplicit: true },
    ]);
  });

  it('are the videos and folders of images in a folder, in natural order, however deep, and nothing else', async () => {
    const root = tree(
      'b10.mp4',
      'b9.webm',
      'cover.jpg',
      'x.txt',
      '.hidden.mp4',
      'a/1.png',
      'empty/x.txt',
      'deep/er/1.png',
    );
    symlinkSync('/nowhere', join(root, 'broken.mp4'));
    symlinkSync(root, join(root, 'deep/circle'));
    expect(await names(root)).toEqual(['a', 'b9.webm', 'b10.mp4', 'broken.mp4', 'deep/er']);
  });

  it('are none for one numbered picture among videos, and one for two', async () => {
    expect(await names(tree('a.mp4', 'sheet-8.png'))).toEqual(['a.mp4']);
    expect(await names(tree('a.mp4', '1.png', '2.png'))).toHaveLength(2);
    expect(await names(tree('only/1.png'))).toEqual(['only']);
  });

  it('are none that pxv made and named, unless their own path, or that of their folder, is given', async () => {
    const root = tree(
      'a.mp4',
      'a-predicted.mp4',
      'predicted/a.gif',
      'b-predicted/1.png',
      'a-surprise/film.mp4',
      'a-surprise.unfinished/part-00001.mp4',
      'unpredicted.mp4',
      'predicted2.mp4',
    );
    expect(await names(root)).toEqual(['a.mp4', 'predicted2.mp4', 'unpredicted.mp4']);
    expect(await names(join(root, 'a-predicted.mp4'))).toEqual(['a-predicted.mp4']);
    expect(await names(join(root, 'predicted'))).toEqual(['a.gif']);
  });

  it('are also those that cannot be read, so that it is said: broken links, and folders that are closed', async () => {
    const root = tree('a.mp4', 'closed/1.png', 'x.txt');
    symlinkSync('/nowhere', join(root, 'broken.mp4'));
    symlinkSync('/nowhere', join(root, 'broken.txt'));
    chmodSync(join(root, 'closed'), 0);
    // Nothing is closed to the administrator.
    expect(await names(root)).toEqual(['a.mp4', 'broken.mp4', 'closed']);
    await expect(openClip(join(root, 'broken.mp4'), as(8, 8, 1))).rejects.toThrow('no such file');
    if (process.getuid!() !== 0)
      await expect(openClip(join(root, 'closed'), as(8, 8, 1))).rejects.toThrow('a path without permission to read');
    chmodSync(join(root, 'closed'), 0o755);
  });

  it('of several paths are named from the folder that they share, each once', async () => {
    const root = tree('one/a.mp4', 'two/a.mp4', 'two/b.mp4');
    const paths = [join(root, 'two'), join(root, 'one/a.mp4'), join(root, 'two/b.mp4')];
    expect(await names(...paths)).toEqual(['one/a.mp4', 'two/a.mp4', 'two/b.mp4']);
  });

  it('are named by themselves where their own path was given, and not where they are some of a folder', async () => {
    const root = tree('a.mp4', 'b/1.png', '1.jpg', '2.jpg');
    const named = async (...paths: string[]) =>
      (await listClips(paths)).filter((clip) => clip.isExplicit).map(({ name }) => name);
    expect(await named(root)).toEqual([]);
    expect(await named(join(root, 'a.mp4'), root)).toEqual([basename(root) + '/a.mp4']);
    expect(await named(root, join(root, 'b'))).toEqual([basename(root) + '/b']);
  });

  it.each([
    [
      () => tree('readme.txt'),
      /expected a video file, a folder of numbered images, .*, received a folder with 1 entry, and no clip in it/,
    ],
    [() => join(folder.path, 'absent'), /absent: expected .*, received no such file; check the path/],
    [() => join(tree('a.mp4'), 'a.mp4', 'b.mp4'), /b.mp4: expected .*, received no such file; check/],
  ])('are an error where there are none', async (path, message) => {
    await expect(listClips([path()])).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(message) as string,
    });
  });

  it('are told apart from clips that a folder keeps from the user, as from root it keeps none', () => {
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    expect(describeMissingPath(denied)).toBe('a path in a folder that you may not enter');
  });

  it('are an error where no path is given', async () => {
    await expect(listClips([])).rejects.toThrow(/received no path at all/);
  });
});
