import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBackend } from '../../../src/backend/choose-backend.js';
import { saveModel } from '../../../src/model/checkpoint.js';
import { decodeFile } from '../../../src/commands/codec/decode-file.js';
import { encodeClip } from '../../../src/commands/codec/encode-clip.js';
import { openClip } from '../../../src/video/clip-reader.js';
import { as, collect, temporaryFolder } from '../../video/made-clips.js';
import { randomModel, tinyNetwork } from '../../model/tiny-networks.js';
import { filmClip, model } from '../train/tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => chooseBackend({ threads: 1 }));

test('a program that wants to hear of nothing writes a clip and reads it', async () => {
  const [name, out] = ['model.safetensors', 'clip.pxv'].map((name) => join(folder.path, name));
  saveModel(name, { ...model, step: 1 });
  const written = await encodeClip({ ...model, name }, filmClip(folder.path, 'slope.mkv', 6), {
    out,
    keyFrameInterval: 4,
  });
  expect(written).toMatchObject({ path: out, width: 5, height: 7, frames: 6, frameRate: 10, keyFrames: { frames: 2 } });
  const read = await decodeFile(out, { out: join(folder.path, 'frames'), model: name });
  const expected = { width: 5, height: 7, frames: 6, isStillImages: false, frameRate: 10, lost: [] };
  expect(read).toEqual({ path: join(folder.path, 'frames'), ...expected });
});

test('a file is decoded to FFV1 with the bytes of its images, and to no unknown container', async () => {
  const [name, coded, film, images] = ['tiny.safetensors', 'exact.pxv', 'exact.mkv', 'exact'].map((name) =>
    join(folder.path, name),
  );
  saveModel(name, { ...model, step: 1 });
  await encodeClip({ ...model, name }, filmClip(folder.path, 'exact-slope.mkv', 5), { out: coded });
  for (const out of [film, images]) await decodeFile(coded, { out, model: name });
  const [exact, expected] = await Promise.all(
    [film, images].map(async (path) => {
      const clip = await openClip(path, as(5, 7, 3));
      return { rate: clip.frameRate, frames: await collect(clip.frames()) };
    }),
  );
  expect(exact.frames).toEqual(expected.frames);
  expect(exact.frames).toHaveLength(5);
  expect(exact.rate).toEqual({ numerator: 10, denominator: 1 });
  await expect(decodeFile(coded, { out: join(folder.path, 'exact.avi'), model: name })).rejects.toThrow(
    /exact\.avi: expected a name that ends in .*, \.png or \.npy, or a folder, received [^\n]*$/,
  );
});

(existsSync('/proc/self/fd') ? test : test.skip)('a file that cannot be decoded is closed', async () => {
  const [path, out] = ['other.pxv', 'none'].map((name) => join(folder.path, name));
  writeFileSync(path, Buffer.alloc(100_000, 'other'));
  const isOpen = () =>
    readdirSync('/proc/self/fd').some((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false;
      }
    });
  await expect(decodeFile(path, { out })).rejects.toThrow(/expected a file of pxv encode/);
  // The stream closes its file a moment later.
  for (let waits = 0; isOpen() && waits < 100; waits++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isOpen()).toBe(false);
});

test('a folder in the place of the file, and standard output, are refused before the work', async () => {
  const clip = filmClip(folder.path, 'refused.mkv', 3);
  for (const [out, expected] of [
    [folder.path, /expected a file, received a folder of that name/],
    ['-', /expected the name of a file, received standard output/],
  ] as const)
    await expect(encodeClip(model, clip, { out, overwrite: true })).rejects.toThrow(expected);
});

test('a model whose outputs are no probabilities is refused in one line', async () => {
  const grey = randomModel([tinyNetwork({ channels: 1, head: { type: 'grey-sigmoid' } })]);
  const clip = filmClip(folder.path, 'grey.mkv', 3);
  await expect(encodeClip(grey, clip, { out: join(folder.path, 'grey.pxv') })).rejects.toThrow(
    /^encode: random: expected a model of probabilities, received one with the head grey-sigmoid, [^\n]*--model$/,
  );
});
