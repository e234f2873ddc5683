import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { listClips } from '../../src/video/clip-list.js';
import { encodePng } from '../../src/video/contact-sheet.js';
import { type FrameStoreOptions, openFrameStore } from '../../src/video/frame-store.js';
import { livingFfmpegs, lossless, makeClip, staircase, temporaryFolder } from './made-clips.js';

type DecodingProgress = Parameters<NonNullable<FrameStoreOptions['onProgress']>>[0];

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const size = { width: 16, height: 12 };
const frameBytes = 16 * 12;

beforeAll(async () => {
  mkdirSync(at('clips'));
  makeClip(at('clips/long.mkv'), staircase(20), ...lossless);
  makeClip(at('clips/short.mkv'), staircase(3), ...lossless);
  mkdirSync(at('clips/images'));
  for (const [index, frame] of staircase(4).entries()) {
    writeFileSync(at(`clips/images/${index}.png`), await encodePng(frame));
  }
});
afterAll(folder.remove);

/** Opens the store of the test's clips; tells which clips were decoded. */
async function open(name: string, options: Partial<FrameStoreOptions> = {}) {
  const reports: DecodingProgress[] = [];
  const onProgress = (report: DecodingProgress) => reports.push(report);
  const store = await openFrameStore(at(name), await listClips([at('clips')]), {
    size,
    channels: 1,
    onProgress,
    ...options,
  });
  return { store, reports, decoded: [...new Set(reports.map((report) => report.name))] };
}

describe('a frame store', () => {
  it('gives any run of frames of any clip', async () => {
    const { store } = await open('any');
    const fine = { size, warning: null, unreadable: null, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string };
    expect(store.clips).toEqual([
      { name: 'images', frames: 4, frameRate: { numerator: 25, denominator: 1 }, ...fine },
      { name: 'long.mkv', frames: 20, frameRate: { numerator: 10, denominator: 1 }, ...fine },
      { name: 'short.mkv', frames: 3, frameRate: { numerator: 10, denominator: 1 }, ...fine },
    ]);
    const into = new Uint8Array(3 * frameBytes).fill(255);
    store.read(1, 17, 3, into);
    expect([into[0], into[frameBytes], into[3 * frameBytes - 1]]).toEqual([180, 190, 200]);
    store.read(2, 1, 1, into);
    expect([into[0], into[frameBytes - 1], into[frameBytes]]).toEqual([20, 20, 190]);
    store.read(0, 0, 0, into);
  });

  it('decodes a clip once, and again when it, its size or its rate has changed', async () => {
    const decoded = async (...opening: Parameters<typeof open>) => (await open(...opening)).decoded;
    const all = ['images', 'long.mkv', 'short.mkv'];
    expect(await decoded('once')).toEqual(all);
    expect(await decoded('once')).toEqual([]);
    expect(await decoded('once', { size: { width: 8, height: 8 } })).toEqual(all);
    const slower = await open('once', { frameRate: { numerator: 5, denominator: 1 } });
    expect(slower.store.clips.map(({ frames }) => frames)).toEqual([4, 10, 2]);
    expect(slower.decoded).toEqual(all);
    const again = await open('once');
    expect(again.store.clips.map(({ frames }) => frames)).toEqual([4, 20, 3]);
    expect(again.decoded).toEqual([]);

    utimesSync(at('clips/short.mkv'), new Date(), new Date(Date.now() + 5000));
    expect(await decoded('once')).toEqual(['short.mkv']);
    const { mtime } = statSync(at('clips/images/0.png'));
    utimesSync(at('clips/images/0.png'), mtime, new Date(mtime.getTime() - 5000));
    expect(await decoded('once')).toEqual(['images']);
  });

  it('gives each clip at its own aspect where only its shorter side is told', async () => {
    makeClip(at('tall.mkv'), staircase(2, 10, 40), ...lossless);
    const store = await openFrameStore(at('aspects'), await listClips([at('clips/long.mkv'), at('tall.mkv')]), {
      size: { shortSide: 6 },
      channels: 1,
    });
    expect(store.clips.map(({ size }) => size)).toEqual([
      { width: 8, height: 6 },
      { width: 6, height: 24 },
    ]);
    const into = new Uint8Array(6 * 24);
    store.read(1, 1, 1, into);
    expect(new Set(into)).toEqual(new Set([20]));
    expect(() => store.read(0, 0, 4, into)).toThrow(/room for 3/);
  });

  it('decodes again what was damaged', async () => {
    await open('damaged');
    const [file] = readdirSync(at('damaged'));
    truncateSync(join(at('damaged'), file), readFileSync(join(at('damaged'), file)).length - 1);
    const again = await open('damaged');
    expect(again.decoded.length).toBe(1);
  });

  it('tells how far it is, up to the last of the clips that must be decoded', async () => {
    const { reports } = await open('progress');
    expect(reports.filter(({ name }) => name === 'long.mkv')).toEqual([
      { done: 1, clips: 3, name: 'long.mkv' },
      { done: 2, clips: 3, name: 'long.mkv' },
    ]);
    expect(reports.at(-1)).toEqual({ done: 3, clips: 3, name: 'short.mkv' });
    utimesSync(at('clips/images/0.png'), new Date(), new Date(Date.now() + 9000));
    const again = await open('progress');
    expect(again.reports.at(-1)).toEqual({ done: 1, clips: 1, name: 'images' });
  });

  it.each([
    [1, 18, 3, 3, /long\.mkv: expected frames within 0 to 20 and room for them, received frames 18 to 21/],
    [1, -1, 1, 1, /received frames -1 to 0/],
    [1, 0, 2, 1, /received frames 0 to 2 and room for 1/],
    [3, 0, 1, 1, /clip 3: expected a clip from 0 to 2/],
  ])(
    'refuses to read clip %i from frame %i on for %i frames with room for %i',
    async (clip, first, count, room, message) => {
      const { store } = await open('any');
      const read = () => store.read(clip, first, count, new Uint8Array(room * frameBytes));
      expect(read).toThrow(message);
      expect(read).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    },
  );

  it('notices a file that is cut off while it is open', async () => {
    const { store } = await open('cut');
    for (const file of readdirSync(at('cut'))) truncateSync(join(at('cut'), file), frameBytes);
    expect(() => store.read(1, 0, 2, new Uint8Array(2 * frameBytes))).toThrow(
      /received a file that was truncated since; delete it/,
    );
  });

  it('says in one line that its files are gone', async () => {
    const { store } = await open('gone');
    rmSync(at('gone'), { recursive: true });
    const read = () => store.read(1, 0, 1, new Uint8Array(frameBytes));
    expect(read).toThrow(/^read stored frames: .*: expected the frames .*, received ENOENT: .*; run it again, so that/);
    expect(read).toThrow(expect.objectContaining({ code: 'INPUT' }) as Error);
  });

  it('names a clip that cannot be read', async () => {
    writeFileSync(at('bad.mp4'), 'no film');
    const opening = openFrameStore(at('bad'), await listClips([at('bad.mp4')]), { size, channels: 1 });
    await expect(opening).rejects.toThrow(/^read video: .*bad\.mp4: expected a video with at least one picture/);
  });

  it('holds no frame of a clip of a folder that cannot be read, and goes on to the others', async () => {
    mkdirSync(at('mixed/images'), { recursive: true });
    writeFileSync(at('mixed/bad.mp4'), 'no film');
    symlinkSync('/nowhere', at('mixed/images/1.png'));
    makeClip(at('mixed/good.mkv'), staircase(2), ...lossless);
    const store = await openFrameStore(at('left-out'), await listClips([at('mixed')]), { size, channels: 1 });
    expect(store.clips.map(({ name, frames }) => [name, frames])).toEqual([
      ['bad.mp4', 0],
      ['good.mkv', 2],
      ['images', 0],
    ]);
    expect(store.clips[0].unreadable).toMatch(/^read video: .*bad\.mp4: expected a video with at least one picture/);
    expect(store.clips[1].unreadable).toBeNull();
    expect(store.clips[2].unreadable).toMatch(/^read image: .*1\.png: expected a readable image/);
    const into = new Uint8Array(2 * frameBytes);
    store.read(1, 0, 2, into);
    expect([into[0], into[frameBytes]]).toEqual([10, 20]);
  });

  it('keeps nothing half-done when it is interrupted', async () => {
    const controller = new AbortController();
    const onProgress = ({ name }: DecodingProgress) => name === 'long.mkv' && controller.abort('stopped');
    await expect(open('interrupted', { signal: controller.signal, onProgress })).rejects.toBe('stopped');
    expect(readdirSync(at('interrupted')).length).toBe(1);
    expect(livingFfmpegs()).toEqual([]);
  });

  it('says that its folder cannot be written to', async () => {
    writeFileSync(at('file'), '');
    await expect(open('file')).rejects.toMatchObject({ code: 'OUTPUT' });
  });
});

test('frames that the disk has no room for are refused before the first is decoded', async () => {
  const needed = (20 + 3 + 4) * frameBytes;
  const refused = open('no-room', { freeBytes: () => Promise.resolve(needed - 1) });
  await expect(refused).rejects.toThrow(/for 27 frames of 16x12; use a smaller --size/);
  expect(existsSync(at('no-room'))).toBe(false);
  await open('no-room', { freeBytes: () => Promise.resolve(needed) });
  // What is there already is not counted again.
  await open('no-room', { freeBytes: () => Promise.resolve(0) });
});
