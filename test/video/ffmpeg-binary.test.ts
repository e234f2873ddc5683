import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PxvError } from '../../src/foundation/errors.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import { temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
const passthroughOptions = ['-fps_mode', 'passthrough'];
const { PXV_FFMPEG, PATH } = process.env;

function program(name: string, script: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function failure(): Promise<PxvError> {
  const found = await findFfmpeg().catch((error: unknown) => error as PxvError);
  if (found instanceof PxvError) return found;
  throw new Error('an ffmpeg was found');
}

afterEach(() => {
  if (PXV_FFMPEG === undefined) delete process.env.PXV_FFMPEG;
  else process.env.PXV_FFMPEG = PXV_FFMPEG;
  process.env.PATH = PATH;
});
afterAll(folder.remove);

describe('the search for FFmpeg', () => {
  it('takes the program that PXV_FFMPEG names', async () => {
    const path = program('mine', 'echo "ffmpeg version 9.9-test Copyright"');
    process.env.PXV_FFMPEG = path;
    expect(await findFfmpeg()).toEqual({
      path,
      version: '9.9-test',
      passthroughOptions,
      source: 'PXV_FFMPEG',
      warning: null,
    });
  });

  it.each([
    ['58. 22.100', ['-vsync', '0']],
    ['59. 27.100', ['-vsync', '0']],
    ['60.  3.100', passthroughOptions],
    ['62.  3.100', passthroughOptions],
  ])('knows how one with libavformat %s is told to leave pictures alone', async (libavformat, options) => {
    const path = program(`of-${libavformat}`, `echo "ffmpeg version N-1"; echo "libavformat    ${libavformat} / 1"`);
    process.env.PXV_FFMPEG = path;
    expect((await findFfmpeg()).passthroughOptions).toEqual(options);
  });

  it('does not pass over a PXV_FFMPEG that is not there', async () => {
    process.env.PXV_FFMPEG = join(folder.path, 'absent');
    expect(await failure()).toMatchObject({ code: 'DEPENDENCY' });
    expect((await failure()).message).toMatch(
      /^find ffmpeg: PXV_FFMPEG=.*absent: expected .* that runs, received .*ENOENT; correct/,
    );
  });

  it('does not take another program for FFmpeg', async () => {
    process.env.PXV_FFMPEG = program('other', 'echo "hello"; exit 3');
    expect((await failure()).message).toMatch('a program that does not say it is ffmpeg (exit status 3)');
  });

  it('takes the first on the PATH that runs, and says where it is', async () => {
    delete process.env.PXV_FFMPEG;
    const path = program('ffmpeg', 'echo "ffmpeg version 7.7 Copyright"');
    process.env.PATH = ['/nowhere', folder.path, PATH].join(delimiter);
    const found = await findFfmpeg();
    // ffmpeg-static, where it is installed, comes before the PATH.
    if (found.source !== 'ffmpeg-static')
      expect(found).toEqual({ path, version: '7.7', passthroughOptions, source: 'PATH', warning: null });
  });

  it('falls back on the old program of @ffmpeg-installer with a warning, or names all places it tried', async () => {
    delete process.env.PXV_FFMPEG;
    process.env.PATH = '/nowhere';
    try {
      const { source, warning } = await findFfmpeg();
      if (source === '@ffmpeg-installer/ffmpeg')
        expect(warning).toMatch(/^using the old FFmpeg .*install a current FFmpeg/);
      else expect(source).toBe('ffmpeg-static');
    } catch (error) {
      expect((error as PxvError).message).toMatch(
        /PXV_FFMPEG.*ffmpeg-static.*PATH.*@ffmpeg-installer\/ffmpeg.*; install FFmpeg/,
      );
    }
  });
});
