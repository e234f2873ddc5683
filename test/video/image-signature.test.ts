import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { probeImage, readImage } from '../../src/video/image-folder.js';
import { detectImageFormat } from '../../src/video/image-signature.js';
import { createWebpCodec } from '../../src/video/lossless-webp.js';
import { temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (name: string) => join(folder.path, name);
const size = { width: 8, height: 6 };
const white = sharp({ create: { ...size, channels: 3, background: 'white' } });

test.each(['png', 'jpeg', 'webp', 'tiff', 'avif', 'gif'] as const)('%s is known by its first bytes', async (format) => {
  const bytes = await white.clone().toFormat(format).toBuffer();
  expect(detectImageFormat(bytes)).toBe(format === 'avif' ? 'heif' : format);
  for (const cut of [0, 2, 3])
    expect(detectImageFormat(bytes.subarray(0, cut))).toBe(cut === 3 && format === 'jpeg' ? format : null);
  writeFileSync(at('picture.png'), bytes);
  expect(
    (await readImage(at('picture.png'), { size, channels: 1, fit: 'stretch' })).data.every((level) => level > 250),
  ).toBe(true);
});

describe('an SVG', () => {
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="6"><image href="other.png"/></svg>',
  );

  it('under the name of another format is refused, as it may name files to read', async () => {
    mkdirSync(at('svg'));
    writeFileSync(at('svg/1.png'), svg);
    const refusal = /1\.png: expected a readable image, received an empty file, or one of another format; check its/;
    await expect(probeImage(at('svg/1.png'))).rejects.toThrow(refusal);
    await expect(readImage(at('svg/1.png'), { size, channels: 3, fit: 'stretch' })).rejects.toThrow(refusal);
  });

  it('in the place of a coded frame is no frame', async () => {
    expect(await createWebpCodec(size, 3).decode(svg)).toEqual(new Uint8Array(0));
  });
});
