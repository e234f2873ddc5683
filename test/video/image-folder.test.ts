import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Frame } from '../../src/foundation/frame.js';
import { openClip, probeClip } from '../../src/video/clip-reader.js';
import { encodePng } from '../../src/video/contact-sheet.js';
import { numberingWarning } from '../../src/video/image-folder.js';
import { as, collect, frame, read, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (name: string) => join(folder.path, name);

const level = (frame: Frame) => frame.data[frame.data.length >> 1];

describe('a folder of images', () => {
  const picture = (value: number, width = 8, height = 6) => frame(width, height, 3, () => value);
  async function imageFolder(name: string, images: Record<string, Frame>): Promise<string> {
    mkdirSync(at(name), { recursive: true });
    for (const [file, image] of Object.entries(images)) writeFileSync(at(`${name}/${file}`), await encodePng(image));
    return at(name);
  }

  it('is read in the order of its numbers, at 25 frames per second', async () => {
    const path = await imageFolder('natural', { 'f10.png': picture(30), 'f9.png': picture(20), 'f1.png': picture(10) });
    writeFileSync(at('natural/notes 1.txt'), 'no image');
    writeFileSync(at('natural/.hidden1.png'), 'no image');
    const clip = await openClip(path, as(8, 6, 1));
    expect((await collect(clip.frames())).map(level)).toEqual([10, 20, 30]);
    expect(clip).toMatchObject({
      name: 'natural',
      frameRate: { numerator: 25, denominator: 1 },
      sourceSize: { width: 8, height: 6 },
    });
  });

  it('has no rate of its own: where one is asked for, it is taken as it is, with a warning', async () => {
    const path = await imageFolder('rate', { '1.png': picture(10), '2.png': picture(20), '3.png': picture(30) });
    const frameRate = { numerator: 5, denominator: 1 };
    const clip = await openClip(path, as(8, 6, 1, { frameRate }));
    expect((await collect(clip.frames())).map(level)).toEqual([10, 20, 30]);
    expect(clip).toMatchObject({ frameRate, hasFrameRate: false });
    expect(clip.warning).toBe('no frame rate of its own, so its pictures are taken as they are');
    const asItIs = await openClip(path, as(8, 6, 1));
    expect((await collect(asItIs.frames())).length).toBe(3);
    expect(asItIs).toMatchObject({ hasFrameRate: false, warning: null });
  });

  it('with a pipe in it is refused, and not waited for', async () => {
    const path = await imageFolder('pipe', { '1.png': picture(10) });
    expect(spawnSync('mkfifo', [at('pipe/2.png')]).status).toBe(0);
    const clip = await openClip(path, as(8, 6, 1));
    await expect(collect(clip.frames())).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(/2\.png: expected a readable image, received a pipe or a device;/) as string,
    });
  });

  it.each([
    [
      'f1 f2 f3 f5 f6 f7 f8 f9 f10 f13',
      '2 gaps in the numbers, the first after f3.png: images on both sides are taken as neighbours',
    ],
    [
      'a7-0010 a7-0015 a7-0020 a7-0030 a7-0035',
      '1 gap in the numbers, the first after a7-0020.png: images on both sides are taken as neighbours',
    ],
    ['f8 f9 f10 f11 f12', null],
    ['t100 t133 t166 t200 t233 t267', null],
    [
      'a1 a2 b1 b2',
      'the number of b1.png is no higher than that of a2.png: images of several clips may be taken as one',
    ],
    ['a1 b1 b2', 'the number of b1.png is no higher than that of a1.png: images of several clips may be taken as one'],
    [
      'grey16 rgb48',
      'the names of grey16.png and rgb48.png differ in more than numbers: images of several clips may be taken as one',
    ],
    ['take9-08 take9-09 take10-10', null],
    ['1', null],
  ])(
    'is warned about where names differ, or numbers are missing or do not rise, and nowhere else: %s',
    async (names, warning) => {
      const name = names.replaceAll(' ', '-');
      const path = await imageFolder(
        name,
        Object.fromEntries(names.split(' ').map((file) => [`${file}.png`, picture(1)])),
      );
      const clip = await openClip(path, as(8, 6, 1));
      await collect(clip.frames());
      expect(clip.warning).toBe(warning);
    },
  );

  it('names the image that differs in size', async () => {
    const path = await imageFolder('uneven', { '1.png': picture(1), '2.png': picture(2, 9, 6) });
    await expect(read(path, as(8, 6, 1))).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(/2\.png: expected the size of the first image, 8x6, received 9x6;/) as string,
    });
  });

  it('names the image that differs from the first also where reading begins later', async () => {
    const path = await imageFolder('uneven-later', { '1.png': picture(1), '2.png': picture(2, 9, 6) });
    const clip = await openClip(path, as(8, 6, 1));
    await expect(collect(clip.frames(1))).rejects.toThrow(/2\.png: expected the size of the first image, 8x6/);
  });

  it('names the image that cannot be read', async () => {
    const path = await imageFolder('broken', { '1.png': picture(1) });
    writeFileSync(at('broken/2.png'), 'no image');
    await expect(read(path, as(8, 6, 1))).rejects.toThrow(
      /^read image: .*2\.png: expected a readable image, received [^\n]+$/,
    );
  });

  it('may hold grey, deep, transparent, turned and JPEG images', async () => {
    mkdirSync(at('kinds'), { recursive: true });
    const raw = (channels: 1 | 3 | 4, ...pixel: number[]) =>
      sharp(Buffer.from(Array.from({ length: 48 }, () => pixel).flat()), { raw: { width: 8, height: 6, channels } });
    await raw(1, 100).png().toFile(at('kinds/1.png'));
    await raw(3, 100, 100, 100).toColourspace('rgb16').png().toFile(at('kinds/2.png'));
    await raw(4, 200, 200, 200, 128).png().toFile(at('kinds/3.png'));
    await raw(3, 100, 100, 100)
      .rotate(90)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toFile(at('kinds/4.jpg'));
    await raw(3, 100, 100, 100).webp({ lossless: true }).toFile(at('kinds/5.webp'));
    const turned = await sharp(at('kinds/4.jpg')).metadata();
    expect(turned).toMatchObject({ width: 6, height: 8 });
    const frames = await read(at('kinds'), as(8, 6, 3)).catch((error: Error) => error.message);
    expect(typeof frames === 'string' ? frames : frames.map((f) => Math.abs(level(f) - 100) <= 1)).toEqual(
      Array(5).fill(true),
    );
  });

  it('without images is refused', async () => {
    mkdirSync(at('none'), { recursive: true });
    writeFileSync(at('none/readme.txt'), '');
    await expect(openClip(at('none'), as(8, 8, 1))).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(
        /expected a folder of numbered images .*, received a folder without any;/,
      ) as string,
    });
  });

  it('or a file that does not exist is refused', async () => {
    await expect(probeClip(at('absent'))).rejects.toThrow(
      /absent: expected a video file, a folder .*, received no such file;/,
    );
  });
});

test('numbers of very many images are looked at', () => {
  const paths = Array.from({ length: 200_000 }, (_, index) => `${index}.png`);
  expect(numberingWarning(paths)).toBeNull();
  expect(numberingWarning([...paths, '199999.png'])).toMatch(/^the number of 199999\.png is no higher than that of/);
});

test('a size after the number is no number of a frame', () => {
  const paths = [1, 2, 3].map((number) => `image-00${number}_64x64.png`);
  expect(numberingWarning(paths)).toBeNull();
  expect(numberingWarning([paths[0], paths[2], paths[1]])).toMatch(/^the number of image-002_64x64\.png is no higher/);
  expect(numberingWarning(['a1_2.png', 'a1_2x2.png'])).toMatch(
    /^the number of a1_2x2\.png is no higher than that of a1_2/,
  );
});
