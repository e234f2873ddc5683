import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { openForEvaluation } from '../../datasets/open-for-evaluation.js';
import { describeForTraining, openForTraining } from '../../datasets/open-for-training.js';
import type { Channels, Size } from '../../src/foundation/frame.js';
import { randomInts } from '../random.js';
import { allOf, folderWith, refusal } from './made-files.js';

interface Picture {
  bytes: Uint8Array;
  png: Buffer;
}
async function picture(
  seed: number,
  { width = 6, height = 5, channels = 3 }: Partial<Size & { channels: Channels }> = {},
): Promise<Picture> {
  const bytes = Uint8Array.from(randomInts(width * height * channels, 256, seed));
  const image = sharp(bytes, { raw: { width, height, channels } });
  const png = await (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
  return { bytes, png };
}
const pictures = await Promise.all(Array.from({ length: 20 }, (_, i) => picture(i)));
const folderOf = (count: number, name = (i: number) => `${i}.png`) =>
  folderWith(Object.fromEntries(pictures.slice(0, count).map(({ png }, i) => [name(i), png])));
const joined = (count: number) => Buffer.concat(pictures.slice(0, count).map(({ bytes }) => bytes));

const environment = { ...process.env };
let cache: string;
beforeEach(() => {
  cache = folderWith({});
  process.env.PXV_DATA = cache;
});
afterEach(() => {
  process.env = { ...environment };
});

test('images come in the order of their numbers, at the size and in the colours of the first, bit by bit', async () => {
  const images = await openForEvaluation(folderOf(12), 'test');
  expect(images).toMatchObject({ width: 6, height: 5, channels: 3, levels: 256, count: 12 });
  expect(Buffer.from(allOf(images)).equals(joined(12))).toBe(true);
});

test('folders below are looked into, other files and hidden ones are passed over', async () => {
  const folder = folderWith({
    'a/1.png': pictures[0].png,
    'a/b/2.png': pictures[1].png,
    'c.png': pictures[2].png,
    'notes.txt': 'x',
    '.hidden/3.png': 'no image',
    'a/.4.png': 'no image',
  });
  expect(Buffer.from(allOf(await openForEvaluation(folder, 'test'))).equals(joined(3))).toBe(true);
});

test('a folder of images alone trains without a tenth, and is scored whole', async () => {
  const folder = folderOf(20);
  const train = await openForTraining(folder, 'train');
  const validation = await openForTraining(folder, 'validation');
  const test = await openForEvaluation(folder, 'test');
  expect([train.count, validation.count, test.count]).toEqual([18, 2, 20]);
});

describe('folders called after splits', () => {
  const folderWithSplits = (...splits: [string, number][]) =>
    folderWith(
      Object.fromEntries(
        splits.flatMap(([split, count]) => pictures.slice(0, count).map(({ png }, i) => [`${split}/${i}.png`, png])),
      ),
    );
  const counts = async (folder: string) => [
    (await openForTraining(folder, 'train')).count,
    (await openForTraining(folder, 'validation')).count,
    (await openForEvaluation(folder, 'test')).count,
  ];

  test('are these splits', async () => {
    expect(await counts(folderWithSplits(['train', 12], ['valid', 3], ['test', 4]))).toEqual([12, 3, 4]);
  });

  test('train gives up a tenth where there is no folder for validation', async () => {
    expect(await counts(folderWithSplits(['train', 20], ['test', 4]))).toEqual([18, 2, 4]);
  });

  test.each([
    ['test', ['train', 3], /a folder for 'test', received folders train alone/],
    ['train', ['test', 3], /a folder for 'train', received folders test alone/],
    ['validation', ['test', 3], /a folder for 'validation', received folders test alone/],
  ] as const)('%s images are never taken from the folder of another split', async (split, [name, count], message) => {
    await expect(openForEvaluation(folderWithSplits([name, count]), split)).rejects.toMatchObject(refusal(message));
  });
});

test('grey images make the set grey, unless asked otherwise', async () => {
  const grey = await picture(1, { channels: 1 });
  const folder = folderWith({ '1.png': grey.png });
  const images = await openForEvaluation(folder, 'test');
  expect(images.channels).toBe(1);
  expect(Buffer.from(allOf(images)).equals(grey.bytes)).toBe(true);
  const coloured = allOf(await openForEvaluation(folder, 'test', { channels: 3 }));
  expect([...coloured.subarray(0, 6)]).toEqual(
    [...grey.bytes.subarray(0, 2)].flatMap((level) => [level, level, level]),
  );
});

test('a grey image among others in colour takes no colour away, wherever it stands', async () => {
  const grey = await picture(1, { channels: 1 });
  for (const name of ['0.png', '9.png']) {
    const folder = folderWith({ [name]: grey.png, '1.png': pictures[0].png, '2.png': pictures[1].png });
    expect(await describeForTraining(folder)).toMatchObject({ channels: 3, note: null });
    expect((await openForEvaluation(folder, 'test')).channels).toBe(3);
  }
});

test('pictures of kinds that are not read are counted', async () => {
  const folder = folderWith({ '1.png': pictures[0].png, 'a.bmp': 'BM', 'b.heic': '', 'notes.txt': '' });
  const { count, origin } = await openForEvaluation(folder, 'test');
  expect(count).toBe(1);
  expect(origin).toMatch(/^1 image of the folder .*, at 6x5, without 2 of other kinds, such as a\.bmp$/);
});

test('each image is known by its file, those that are held out too', async () => {
  const folder = folderOf(20);
  const test = await openForEvaluation(folder, 'test');
  const validation = await openForTraining(folder, 'validation');
  expect(test.fileOf!(12)).toBe(join(folder, '12.png'));
  for (const index of [0, 1]) {
    const { bytes } = pictures[Number(/(\d+)\.png$/.exec(validation.fileOf!(index))![1])];
    const read = new Uint8Array(bytes.length);
    validation.read(index, read);
    expect(read).toEqual(bytes);
  }
});

test('a folder of too few images to hold any out says so', async () => {
  const few = await openForTraining(folderOf(9), 'train');
  const more = await openForTraining(folderOf(10), 'train');
  expect([few.count, more.count]).toEqual([9, 9]);
  expect(few.origin).toMatch(/, too few to hold a tenth out$/);
  expect(more.origin).toMatch(/, without the held-out tenth$/);
});

test('images of other sizes are scaled to cover and cut around their centre', async () => {
  const wide = await picture(2, { width: 18, height: 5 });
  const folder = folderWith({ '1.png': pictures[0].png, '2.png': wide.png });
  const images = await openForEvaluation(folder, 'test', { size: { width: 6, height: 5 } });
  const into = new Uint8Array(90);
  images.read(1, into);
  const middle = Array.from({ length: 5 }, (_, y) => [...wide.bytes.subarray((18 * y + 6) * 3, (18 * y + 12) * 3)]);
  expect([...into]).toEqual(middle.flat());
});

test('images are decoded once, and again when one of them changes', async () => {
  const folder = folderOf(3);
  const decoded: number[] = [];
  const open = () => openForEvaluation(folder, 'test', { onProgress: (done) => decoded.push(done) });
  (await open()).close();
  expect(decoded).toEqual([0, 3]);
  (await open()).close();
  expect(decoded).toEqual([0, 3]);
  const changed = await picture(99, { width: 7 });
  writeFileSync(join(folder, '1.png'), changed.png);
  const again = await open();
  expect(decoded).toEqual([0, 3, 0, 3]);
  again.close();
  expect(readdirSync(join(cache, 'decoded'))).toHaveLength(2);
});

test('an image that cannot be read is named, and nothing is kept', async () => {
  const folder = folderWith({ '1.png': pictures[0].png, '2.png': 'no image' });
  await expect(openForEvaluation(folder, 'test')).rejects.toMatchObject(refusal(/2\.png: expected a readable image/));
  expect(existsSync(join(cache, 'decoded'))).toBe(false);
});

test('all images that cannot be read are named at once, in words', async () => {
  const damaged = pictures[0].png.subarray(0, 40);
  const folder = folderWith({ '1.png': pictures[0].png, '2.png': '', '3.png': damaged, '4.png': 'no image' });
  const refused = openForEvaluation(folder, 'test');
  await expect(refused).rejects.toMatchObject(
    refusal(/expected readable images only, received 3 images .*2\.png \(an empty file, .*3\.png \(.*4\.png \(/),
  );
});

test('a folder without images, and a name that is no folder, are refused', async () => {
  await expect(openForEvaluation(folderWith({ 'a.txt': '' }), 'test')).rejects.toMatchObject(
    refusal(/expected images \(PNG, .*received a folder without any/),
  );
  await expect(openForTraining('nowhere', 'train')).rejects.toMatchObject(
    refusal(/find data set: nowhere: expected one of cifar, .* received no such name or folder/, 'USAGE'),
  );
});

test('an interruption ends the decoding', async () => {
  await expect(openForEvaluation(folderOf(3), 'test', { signal: AbortSignal.abort('stopped') })).rejects.toBe(
    'stopped',
  );
});

test('links to images count as images, links to folders are not followed, a broken one is refused', async () => {
  const folder = folderOf(2);
  const elsewhere = folderWith({ 'c.png': pictures[2].png });
  symlinkSync(join(elsewhere, 'c.png'), join(folder, '3.png'));
  symlinkSync(folder, join(folder, 'circle'));
  expect(Buffer.from(allOf(await openForEvaluation(folder, 'test'))).equals(joined(3))).toBe(true);
  symlinkSync('nothing.png', join(folder, '4.png'));
  await expect(openForEvaluation(folder, 'test')).rejects.toMatchObject(
    refusal(/4\.png: expected a readable file .*ENOENT/),
  );
});

test('a cache that cannot be written to is named, and how another is chosen', async () => {
  process.env.PXV_DATA = join(folderWith({ file: '' }), 'file');
  await expect(openForEvaluation(folderOf(1), 'test')).rejects.toMatchObject(
    refusal(/write: .*decoded.*: expected a writable path, received ENOTDIR.*set PXV_DATA/, 'OUTPUT'),
  );
});

describe('where no size is asked for', () => {
  const sized = async (...sizes: [number, number][]) => {
    const files = await Promise.all(sizes.map(([width, height], seed) => picture(seed, { width, height })));
    return folderWith(Object.fromEntries(files.map(({ png }, index) => [`${index}.png`, png])));
  };

  test.each<[string, [number, number][], [number, number], string | null]>([
    [
      'small images that are alike keep their size',
      [
        [64, 48],
        [64, 48],
      ],
      [64, 48],
      null,
    ],
    [
      'an icon before others leaves them their size',
      [
        [8, 8],
        [64, 48],
        [64, 48],
      ],
      [64, 64],
      'images of several sizes are brought to 64x64; --size chooses another size',
    ],
    [
      'larger ones that are alike are shrunk',
      [
        [320, 240],
        [320, 240],
      ],
      [64, 48],
      'images of 320x240 are brought to 64x48; --size chooses another size',
    ],
    [
      'larger ones of several sizes become squares',
      [
        [400, 300],
        [300, 500],
      ],
      [64, 64],
      'images of several sizes are brought to 64x64; --size chooses another size',
    ],
  ])('%s', async (_, sizes, [width, height], note) => {
    const folder = await sized(...sizes);
    expect(await describeForTraining(folder)).toEqual({ size: { width, height }, channels: 3, levels: 256, note });
    expect(readdirSync(cache)).toEqual([]);
    expect(await openForTraining(folder, 'train')).toMatchObject({ width, height });
    const asked = { width: 7, height: 5 };
    expect(await describeForTraining(folder, { size: asked })).toMatchObject({ size: asked, note: null });
  });
});
