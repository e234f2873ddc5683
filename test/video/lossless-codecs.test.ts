import { randomInts } from '../random.js';
import type { Frame } from '../../src/foundation/frame.js';
import { losslessCodecs, measureLosslessSize } from '../../src/video/lossless-codecs.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import { frame, livingFfmpegs } from './made-clips.js';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';

async function* clip(frames: readonly Frame[]) {
  yield* await Promise.resolve(frames);
}

const noise = (channels: 1 | 3, seed: number) => {
  const values = randomInts(32 * 32 * channels, 256, seed);
  return frame(32, 32, channels, (x, y, c) => values[(y * 32 + x) * channels + c]);
};

const codecFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('pxv-codec-'));
const isThere = (name: string) => codecFolders().includes(name);

describe.each(losslessCodecs)('%s', (codec) => {
  it.each([1, 3] as const)(
    'spends about a byte on each sub-pixel of noise, the first frame aside: %d channels',
    async (channels) => {
      const frames = [1, 2, 3, 4].map((seed) => noise(channels, seed));
      const { bytes, failure } = await measureLosslessSize(codec, clip(frames));
      expect(failure).toBeNull();
      const dimensions = 3 * 32 * 32 * channels;
      expect(bytes! / dimensions).toBeGreaterThan(0.99);
      expect(bytes! / dimensions).toBeLessThan(1.5);
    },
  );

  it('gives the frames of a smooth pattern that moves back', async () => {
    const waves = (time: number) =>
      frame(64, 64, 3, (x, y, c) =>
        Math.round(128 + 60 * Math.sin((x + 1.3 * time) / 7 + c) + 40 * Math.sin((y - time) / 11)),
      );
    const { failure } = await measureLosslessSize(codec, clip(Array.from({ length: 12 }, (_, time) => waves(time))));
    expect(failure).toBeNull();
  });

  it('spends next to nothing on a frame that is repeated', async () => {
    const first = noise(3, 1);
    const { bytes } = await measureLosslessSize(codec, clip([first, first, first]));
    expect(bytes).toBeLessThan(codec === 'ffv1' ? 2 * 32 * 32 * 3.5 : 200);
  });

  it('ends with the interruption of its caller, and leaves neither a process nor a file', async () => {
    const before = codecFolders();
    const controller = new AbortController();
    async function* endless() {
      for (let seed = 0; ; seed++) {
        yield await Promise.resolve(noise(3, seed));
        if (seed === 3) controller.abort(new Error('stopped'));
      }
    }
    await expect(measureLosslessSize(codec, endless(), controller.signal)).rejects.toThrow('stopped');
    expect(livingFfmpegs()).toEqual([]);
    // Other tests write there at the same time: what is theirs goes by itself.
    const since = codecFolders().filter((name) => !before.includes(name));
    for (const until = Date.now() + 10_000; since.some(isThere) && Date.now() < until;) await setTimeout(50);
    expect(since.filter(isThere)).toEqual([]);
  }, 20_000);
});

it('says that small frames may be why an encoder does not open', async () => {
  const frames = [1, 2].map((seed) => frame(16, 16, 3, (x, y, c) => seed * (x + y + c)));
  const { failure } = await measureLosslessSize('x265', clip(frames));
  // Some builds have no x265, or take such frames; only one that does not open is explained.
  expect(/may be too small/.test(failure ?? '')).toBe(/cannot open/i.test(failure ?? ''));
  if ((await findFfmpeg()).version.startsWith('7.1'))
    expect(failure).toMatch(/ The frames, 16x16, may be too small for it\.$/);
});

it('says why where a codec cannot take the frames, instead of failing', async () => {
  const tiny = frame(5, 7, 3, (x, y, c) => x + y + c);
  const { bytes, failure } = await measureLosslessSize('x265', clip([tiny, tiny]));
  expect(bytes).toBeNull();
  expect(failure).toMatch(/\w/);
  expect(failure).not.toMatch(/\n/);
});
