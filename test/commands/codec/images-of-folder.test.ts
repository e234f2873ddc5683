import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { chooseBackend } from '../../../src/backend/choose-backend.js';
import type { Frame } from '../../../src/foundation/frame.js';
import { saveModel } from '../../../src/model/checkpoint.js';
import { decodeFile } from '../../../src/commands/codec/decode-file.js';
import { encodeClip } from '../../../src/commands/codec/encode-clip.js';
import { encoded } from '../../coding/coding.js';
import { frame, temporaryFolder } from '../../video/made-clips.js';
import { model as tiny, slope } from '../train/tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);
const model = { ...tiny, name: at('model.safetensors') };
beforeAll(async () => {
  await chooseBackend({ threads: 1 });
  saveModel(model.name, { ...tiny, step: 1 });
});

/** Writes pictures under names below a folder. */
async function pictures(of: string, named: Record<string, Frame>): Promise<string> {
  for (const [name, { width, height, channels, data }] of Object.entries(named)) {
    mkdirSync(dirname(at(of, name)), { recursive: true });
    await sharp(data, { raw: { width, height, channels } }).webp({ lossless: true }).toFile(at(of, name));
  }
  return at(of);
}
const [first, second, third] = slope(3);
const bytesAt = async (path: string) => new Uint8Array(await sharp(path).removeAlpha().raw().toBuffer());

test('images of a folder that are no frames come back under their names', async () => {
  const images = await pictures('images', { 'b.webp': first, 'a 12.webp': second, 'below/b.webp': third });
  const written = await encodeClip(model, images, { out: at('images.pxv') });
  expect(written).toMatchObject({ frames: 3, isStillImages: true, width: 5, height: 7, keyFrames: { frames: 3 } });
  const read = await decodeFile(at('images.pxv'), { out: at('read'), model: model.name });
  expect(read).toMatchObject({ frames: 3, isStillImages: true, lost: [] });
  expect((readdirSync(at('read'), { recursive: true }) as string[]).sort()).toEqual(
    ['a 12.png', 'b.png', 'below', join('below', 'b.png')].sort(),
  );
  expect(
    await Promise.all(['b.png', 'a 12.png', join('below', 'b.png')].map((name) => bytesAt(at('read', name)))),
  ).toEqual([first, second, third].map(({ data }) => data));
});

test('images whose names differ in numbers alone are a clip', async () => {
  const frames = await pictures('frames', { '1.webp': first, '2.webp': second, '3.webp': third });
  const written = await encodeClip(model, frames, { out: at('frames.pxv') });
  expect(written).toMatchObject({ frames: 3, isStillImages: false, keyFrames: { frames: 1 } });
});

test('images of several sizes are brought to the size that is asked for, and else refused', async () => {
  const images = await pictures('sizes', { 'a.webp': first, 'b.webp': frame(9, 9, 3, (x) => x) });
  await expect(encodeClip(model, images, { out: at('sizes.pxv') })).rejects.toThrow(
    /b\.webp: expected the size of the first image, 5x7, received 9x9; resize all to one size: --size 64x64$/,
  );
  expect(existsSync(at('sizes.pxv'))).toBe(false);
  const written = await encodeClip(model, images, { out: at('sizes.pxv'), size: { width: 5, height: 7 } });
  expect(written).toMatchObject({ frames: 2, isStillImages: true, width: 5, height: 7 });
});

test('names that would be one are refused, and so is a file whose names lead out of its folder', async () => {
  const images = await pictures('twice', { 'a.webp': first, 'A.png': second });
  await expect(encodeClip(model, images, { out: at('twice.pxv') })).rejects.toThrow(
    /twice: expected names that differ beyond their extensions, received .* and .*; rename one$/,
  );
  const nested = await pictures('nested', { 'x.webp': first, 'X.png/b/c.png': second });
  await expect(encodeClip(model, nested, { out: at('twice.pxv') })).rejects.toThrow(
    /nested: expected images whose PNG would be in the place of no folder, received x\.webp and X\.png\/b\/c\.png; /,
  );
  for (const name of ['../out.png', '/out.png', 'below/../../out.png']) {
    writeFileSync(
      at('hostile.pxv'),
      await encoded(model, slope(1), { names: [name], webp: undefined, keyFrameModel: tiny }),
    );
    const reading = decodeFile(at('hostile.pxv'), { out: at('hostile'), model: model.name });
    await expect(reading).rejects.toThrow(/a name in the file: expected a path inside the folder, received "/);
    expect([existsSync(at('hostile')), existsSync(at('out.png'))]).toEqual([false, false]);
  }
  expect(readdirSync(folder.path).filter((name) => basename(name).includes('partial'))).toEqual([]);
});
