import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { Channels, Frame } from '../../src/foundation/frame.js';
import { openClip } from '../../src/video/clip-reader.js';
import { writeClip } from '../../src/video/clip-writer.js';
import { drawContactSheet } from '../../src/video/contact-sheet.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import { checkOutput } from '../../src/video/output-kind.js';
import { textHeight } from '../../src/video/text.js';
import { randomInts } from '../random.js';
import {
  collect,
  ffmpegPrograms,
  frame,
  livingFfmpegs,
  meanAbsoluteError,
  staircase,
  temporaryFolder,
  useFfmpeg,
} from './made-clips.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const frameRate = { numerator: 10, denominator: 1 };

afterAll(folder.remove);

/** A soft gradient that moves. */
function moving(count: number, width: number, height: number, channels: Channels): Frame[] {
  return Array.from({ length: count }, (_, i) =>
    frame(width, height, channels, (x, y, c) => Math.round(128 + 100 * Math.sin((x + 2 * y + 3 * i) / 9 + c))),
  );
}

/** What lies in the folder of the tests but should not. */
const leftovers = () => readdirSync(folder.path).filter((name) => name.includes('partial'));

describe.each(ffmpegPrograms())('a clip, written with %s', (_name, program) => {
  useFfmpeg(program);

  it.each([
    ['back.mp4', 3, 32, 24, 4],
    ['grey.mp4', 1, 32, 24, 1],
    ['back.webm', 3, 32, 24, 4],
    ['grey.webm', 1, 32, 24, 1],
    ['back.gif', 3, 33, 27, 3],
    ['grey.gif', 1, 33, 27, 3],
    ['back', 3, 33, 27, 0],
    ['grey/', 1, 33, 27, 0],
  ] as const)(
    '%s with %i channels, %ix%i, comes back with an error below %i of 255',
    async (name, channels, width, height, error) => {
      const frames = moving(15, width, height, channels);
      const written = await writeClip(at(name), frames, { frameRate, scale: 4 });
      expect(written).toMatchObject({ path: at(name), frames: 15 });
      const clip = await openClip(at(name), { size: { width, height }, channels });
      const back = await collect(clip.frames());
      expect(clip.sourceSize).toEqual({ width: 4 * width, height: 4 * height });
      if (!written.path.includes('.')) expect(written.bytes).toBeGreaterThan(0);
      else {
        expect(written.bytes).toBe(readFileSync(at(name)).length);
        expect(clip.frameRate).toEqual(frameRate);
      }
      expect(back.length).toBe(15);
      for (const [index, original] of frames.entries()) {
        expect(meanAbsoluteError(back[index], original)).toBeLessThanOrEqual(error);
      }
      expect(leftovers()).toEqual([]);
    },
  );

  it.each([
    [1, 1, 3],
    [1, 5, 1],
    [5, 7, 3],
    [5, 7, 1],
    [130, 97, 3],
  ] as const)(
    'of %ix%i with %i channels is kept as .mkv to the last bit, at its rate',
    async (width, height, channels) => {
      const frames = Array.from({ length: 4 }, (_, index) => ({
        ...{ width, height, channels },
        data: Uint8Array.from(randomInts(width * height * channels, 256, index)),
      }));
      const ntsc = { numerator: 30000, denominator: 1001 };
      await writeClip(at('exact.mkv'), frames, { frameRate: ntsc });
      const shown = [...['-f', 'rawvideo', '-pix_fmt', channels === 1 ? 'gray' : 'rgb24'], 'pipe:1'];
      const raw = spawnSync(program, ['-v', 'error', '-i', at('exact.mkv'), ...shown], { maxBuffer: 1e8 });
      expect(raw.stdout.equals(Buffer.concat(frames.map(({ data }) => data)))).toBe(true);
      const clip = await openClip(at('exact.mkv'), { size: { width, height }, channels });
      expect(clip.frameRate).toEqual(ntsc);
      expect(await collect(clip.frames())).toEqual(frames);
    },
  );

  it('of odd size is padded for H.264 by its last row and column', async () => {
    const frames = Array.from({ length: 3 }, () => frame(33, 27, 1, (x) => 7 * x));
    await writeClip(at('odd.mp4'), frames, { frameRate });
    const clip = await openClip(at('odd.mp4'), { size: { width: 34, height: 28 }, channels: 1 });
    const [first] = await collect(clip.frames());
    expect(clip.sourceSize).toEqual({ width: 34, height: 28 });
    for (const y of [0, 13, 27]) expect(Math.abs(first.data[34 * y + 33] - 224)).toBeLessThan(6);
  });

  it('plays in a browser: H.264 in 4:2:0, limited range, BT.709, index first', async () => {
    await writeClip(at('browser.mp4'), moving(5, 32, 24, 3), { frameRate });
    const { stderr } = spawnSync((await findFfmpeg()).path, ['-i', at('browser.mp4')], { encoding: 'utf8' });
    expect(stderr).toMatch(/Video: h264 .*yuv420p\(tv, bt709(?:, progressive)?\), 32x24/);
    const bytes = readFileSync(at('browser.mp4'), 'latin1');
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
  });

  it('repeats for ever as a GIF', async () => {
    await writeClip(at('loop.gif'), moving(3, 8, 8, 3), { frameRate });
    expect(readFileSync(at('loop.gif'), 'latin1')).toContain('NETSCAPE2.0\x03\x01\x00\x00');
  });

  it('takes its frames as they are made', async () => {
    const make = async function* () {
      for (const made of staircase(4)) yield await Promise.resolve(made);
    };
    expect(await writeClip(at('made.mp4'), make(), { frameRate })).toMatchObject({ frames: 4 });
  });

  it.each(['stopped.mp4', 'stopped.gif', 'stopped.png', 'stopped'])(
    'is not there at all when %s is interrupted',
    async (name) => {
      const controller = new AbortController();
      const make = function* () {
        for (const [index, made] of staircase(20, 64, 64, 3).entries()) {
          if (index === 10) controller.abort('stopped');
          yield made;
        }
      };
      const writing = writeClip(at(name), make(), { frameRate, signal: controller.signal });
      await expect(writing).rejects.toBe('stopped');
      expect(existsSync(at(name))).toBe(false);
      expect(leftovers()).toEqual([]);
      expect(livingFfmpegs()).toEqual([]);
    },
  );

  it.each(['failed.mp4', 'failed.gif', 'failed.png', 'failed'])(
    'keeps the earlier %s when its maker fails',
    async (name) => {
      await writeClip(at(name), staircase(2), { frameRate });
      const make = function* () {
        yield* staircase(3);
        throw new RangeError('out of ideas');
      };
      await expect(writeClip(at(name), make(), { frameRate })).rejects.toThrow('out of ideas');
      expect(existsSync(at(name))).toBe(true);
      expect(leftovers()).toEqual([]);
      expect(livingFfmpegs()).toEqual([]);
    },
  );

  it.each(['none.mp4', 'none.gif', 'none.png', 'none'])('of no frames is refused as %s', async (name) => {
    await expect(writeClip(at(name), [], { frameRate })).rejects.toMatchObject({ code: 'OUTPUT' });
    expect(existsSync(at(name))).toBe(false);
  });

  it('of frames of two sizes is refused', async () => {
    const frames = [...staircase(2), ...staircase(1, 8, 8)];
    await expect(writeClip(at('sizes.mp4'), frames, { frameRate })).rejects.toThrow(
      /sizes\.mp4: expected frames of 16x12x1, received one of 8x8x1;/,
    );
    expect(leftovers()).toEqual([]);
  });
});

it('that FFmpeg ends with an error, as on a full disk, is none, though FFmpeg calls that success', async () => {
  const program = at('full-disk');
  const said = 'Error writing trailer of x.gif: No space left on device';
  const real = ffmpegPrograms()[0][1];
  writeFileSync(program, `#!/bin/sh\n'${real}' "$@"\ncase "$*" in *rawvideo*) echo '[error] ${said}' >&2;; esac\n`);
  chmodSync(program, 0o755);
  process.env.PXV_FFMPEG = program;
  writeFileSync(at('good.gif'), 'good');
  await expect(writeClip(at('good.gif'), moving(3, 8, 6, 3), { frameRate })).rejects.toMatchObject({
    code: 'OUTPUT',
    message: expect.stringContaining(`received ${said}; free the disk`) as string,
  });
  expect([readFileSync(at('good.gif'), 'utf8'), leftovers()]).toEqual(['good', []]);
  process.env.PXV_FFMPEG = real;
});

describe('a folder of frames', () => {
  it('takes the place of an earlier, longer one', async () => {
    await writeClip(at('again'), staircase(5), { frameRate });
    await writeClip(at('again'), staircase(2), { frameRate });
    expect(readdirSync(at('again')).sort()).toEqual(['00000.png', '00001.png']);
    expect(leftovers()).toEqual([]);
  });

  it('takes the place of no folder that holds anything else', async () => {
    mkdirSync(at('mine'));
    writeFileSync(at('mine/thesis.txt'), '');
    await expect(writeClip(at('mine'), staircase(2), { frameRate })).rejects.toMatchObject({
      code: 'OUTPUT',
      message: expect.stringMatching(
        /mine: expected a new or empty folder, .*, received one with thesis\.txt;/,
      ) as string,
    });
    expect(readdirSync(at('mine'))).toEqual(['thesis.txt']);
  });
});

describe('an output', () => {
  it.each([
    ['a/new/folder/x.mp4', 'mp4'],
    ['X.GIF', 'gif'],
    ['x.webm', 'webm'],
    ['x.mkv', 'mkv'],
    ['sheet.png', 'png'],
    ['frames', 'folder'],
    ['frames.v2/', 'folder'],
  ])('%s is %s', async (name, kind) => {
    expect(await checkOutput(at(name))).toBe(kind);
    expect(existsSync(at(name))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it.each([
    [
      'film.avi',
      () => at('film.avi'),
      /film\.avi: expected a name that ends in \.mp4, .*, \.png or \.npy, or a folder, received .* \.avi;/,
    ],
    [
      'a file that is a folder',
      () => (mkdirSync(at('taken.mp4')), at('taken.mp4')),
      /expected a file, received a folder of that name/,
    ],
    [
      'a folder that is a link',
      () => {
        mkdirSync(at('linked'));
        symlinkSync(at('linked'), at('link'));
        return at('link');
      },
      /expected a folder, received a link to one;/,
    ],
    ['the folder at hand', () => process.cwd(), /received the folder that the command runs in, or one around it;/],
    ['a folder around it', () => dirname(process.cwd()), /received the folder that the command runs in, or one around/],
    ['nothing', () => '', /^write video: '': expected a name that ends in .*, received an empty name;/],
    [
      'a folder that is a file',
      () => (writeFileSync(at('taken'), ''), at('taken')),
      /expected a folder, received a file of that name/,
    ],
    [
      'a path below a file',
      () => (writeFileSync(at('f'), ''), at('f/x.mp4')),
      /^write: .*x\.mp4: expected a writable path, received E[^\n]+$/,
    ],
    [
      'a place that cannot be written to',
      () => '/proc/x.mp4',
      /^write: \/proc\/x\.mp4: expected a writable path, received E[^\n]+$/,
    ],
  ])('%s is refused before any work', async (_what, path, message) => {
    const asked = path();
    const isName = /\.avi$|^$/.test(asked) || process.cwd().startsWith(asked);
    const code = isName ? 'USAGE' : 'OUTPUT';
    await expect(checkOutput(asked)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    const untouched = {
      [Symbol.iterator]: (): Iterator<Frame> => {
        throw new Error('work was done');
      },
    };
    await expect(writeClip(asked, untouched, { frameRate })).rejects.toMatchObject({ code });
  });
});

describe('a contact sheet', () => {
  it('lays frames out in rows, with two pixels between them', async () => {
    const sheet = await drawContactSheet(staircase(5, 4, 3), { columns: 3 });
    expect(sheet).toMatchObject({ width: 3 * 4 + 4 * 2, height: 2 * 3 + 3 * 2, channels: 1 });
    const level = (column: number, row: number) => sheet.data[(2 + row * 5) * sheet.width + 2 + column * 6];
    expect([level(0, 0), level(1, 0), level(2, 0), level(0, 1), level(1, 1)]).toEqual([10, 20, 30, 40, 50]);
    expect(level(2, 1)).toBe(sheet.data[0]);
  });

  it('writes labels under the frames, and leaves out one that is wider than its frame', async () => {
    const sheet = await drawContactSheet(staircase(2, 16, 4), { columns: 2, labels: ['I', 'a very long label'] });
    expect(sheet.height).toBe(4 + textHeight(8) + 2 * 2);
    const inked = (tile: number) => {
      const left = 2 + tile * 18;
      const rows = Array.from({ length: textHeight(8) }, (_, y) => (6 + y) * sheet.width + left);
      return rows.some((start) => sheet.data.subarray(start, start + 16).some((value) => value > 100));
    };
    expect([inked(0), inked(1)]).toEqual([true, false]);
  });
});
