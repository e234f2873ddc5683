import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { imagenet32, imagenet64 } from '../../datasets/imagenet/imagenet.js';
import { openNpzBytes } from '../../datasets/imagenet/npz.js';
import { randomInts } from '../random.js';
import { allOf, folderWith, refusal } from './made-files.js';
import { slowTest } from '../extent.js';

const stored = readFileSync('test/fixtures/npz/stored.npz');
const deflated = readFileSync('test/fixtures/npz/deflated.npz');
/** The three images of the fixtures, planar as they are stored. */
const planar = Uint8Array.from({ length: 3 * 3072 }, (_, k) => (k * k) % 251);
const interleaved = Uint8Array.from(planar, (_, at) => {
  const inImage = at % 3072;
  return planar[at - inImage + 1024 * (inImage % 3) + Math.floor(inImage / 3)];
});
const equal = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(Buffer.from(b));

const environment = { ...process.env };
beforeEach(() => {
  process.env.PXV_DATA = folderWith({});
});
afterEach(() => {
  process.env = { ...environment };
});

test.each([
  ['stored', stored],
  ['deflated', deflated],
])('%s npz arrays of numpy become pixels', async (_, npz) => {
  const images = await imagenet32.open(folderWith({ 'val_data.npz': npz }), 'test');
  expect(images).toMatchObject({ width: 32, height: 32, channels: 3, levels: 256, count: 3 });
  expect(equal(allOf(images), interleaved)).toBe(true);
});

slowTest('training batches are joined in the order of their numbers, also where only some are packed', async () => {
  const batches = Array.from({ length: 10 }, (_, i) => [
    `Imagenet32_train_npz/train_data_batch_${i + 1}.npz`,
    i % 2 ? stored : deflated,
  ]);
  const folder = folderWith(Object.fromEntries(batches) as Record<string, Buffer>);
  const train = await imagenet32.open(folder, 'train');
  const validation = await imagenet32.open(folder, 'validation');
  expect([train.count, validation.count]).toEqual([27, 3]);
  expect(train.origin).toBe(
    'ImageNet 32x32 train: 30 images of 10 npz files, down-sampled as in arXiv:1707.08819, without the held-out tenth',
  );
  const lowest = (bytes: Uint8Array) => Array.from({ length: bytes.length / 3072 }, (_, i) => bytes[3072 * i + 3]);
  const all = [...lowest(allOf(train)), ...lowest(allOf(validation))].sort();
  expect(all).toEqual(
    Array.from({ length: 10 }, () => lowest(interleaved))
      .flat()
      .sort(),
  );
});

test('folders of images are read at their size alone', async () => {
  const bytes = Uint8Array.from(randomInts(3072, 256, 1));
  const png = await sharp(bytes, { raw: { width: 32, height: 32, channels: 3 } })
    .png()
    .toBuffer();
  const images = await imagenet32.open(folderWith({ 'valid_32x32/0001.png': png }), 'test');
  expect(equal(allOf(images), bytes)).toBe(true);
  await expect(imagenet64.open(folderWith({ 'valid_64x64/0001.png': png }), 'test')).rejects.toMatchObject(
    refusal(/0001\.png: expected an image of 64x64, received 32x32/),
  );
});

/** The file with one text in it replaced by another of the same length. */
function replaced(npz: Buffer, from: string, to: string): Buffer {
  const text = npz.toString('latin1');
  expect(text).toContain(from);
  return Buffer.from(text.replaceAll(from, to), 'latin1');
}

/** The file with 50 bytes of 255 in it. */
function overwritten(npz: Buffer, at: number): Buffer {
  return Buffer.from(npz).fill(0xff, at, at + 50);
}

/** The deflated file with another length of its packed array in the directory. */
function packedTo(bytes: number): Buffer {
  const changed = Buffer.from(deflated);
  changed.writeUInt32LE(bytes, changed.indexOf('PK\x01\x02') + 20);
  return changed;
}

/** The file with one bit of it the other way. */
function flipped(npz: Buffer, at: number): Buffer {
  const changed = Buffer.from(npz);
  changed[at] ^= 1;
  return changed;
}

test.each([
  ['a file that was cut off', stored.subarray(0, -30), /a whole \.npz file, received one that is damaged \(End of /],
  [
    'a file that lacks its middle',
    Buffer.concat([stored.subarray(0, 2000), stored.subarray(-100)]),
    /a whole \.npz file, received /,
  ],
  ['a file that is no npz', Buffer.alloc(5000), /received one that is damaged \(End of central directory .* not found/],
  ['an empty file', Buffer.alloc(0), /received one that is damaged \(End of central directory .* not found/],
  [
    'another type',
    replaced(stored, "'descr': '|u1'", "'descr': '<u2'"),
    /an array of unsigned bytes, received the type <u2/,
  ],
  ['pickled objects', replaced(stored, "'descr': '|u1'", "'descr': '|O' "), /unsigned bytes, received pickled objects/],
  ['Fortran order', replaced(stored, 'False, ', 'True,  '), /an array in C order, received/],
  [
    'a shape that does not fit',
    replaced(stored, '(3, 3072)', '(9, 3072)'),
    /27648 bytes for the shape 9 x 3072, received 9216/,
  ],
  [
    'another array alone',
    replaced(stored, 'data.npy', 'tada.npy'),
    /an array data\.npy, received labels\.npy, tada\.npy, objects\.npy/,
  ],
  ['a damaged deflated array', overwritten(deflated, 400), /a whole \.npz file, received one that is damaged \(/],
  [
    'a deflated array that unpacks to too little',
    overwritten(deflated, 200),
    /9344 bytes once unpacked, received 9341/,
  ],
  ['a deflated array of no bytes', packedTo(0), /9344 bytes once unpacked, received 0/],
  ['a deflated array that ends within its header', packedTo(3), /an \.npy array, received something else/],
  [
    'a stored array with one wrong bit',
    flipped(stored, stored.indexOf('NUMPY', stored.indexOf('data.npy')) + 5000),
    /val_data\.npz: expected data\.npy with the CRC-32 [0-9a-f]{8}, received [0-9a-f]{8};/,
  ],
  [
    'a deflated array with another checksum',
    flipped(deflated, deflated.indexOf('PK\x01\x02') + 16),
    /val_data\.npz: expected data\.npy with the CRC-32 [0-9a-f]{8}, received [0-9a-f]{8};/,
  ],
])('%s is refused in one line', async (_, npz, message) => {
  await expect(imagenet32.open(folderWith({ 'val_data.npz': npz }), 'test')).rejects.toMatchObject(refusal(message));
});

test('checksums of arrays that are read in place are compared once, and again if a file has changed', async () => {
  const folder = folderWith({ 'val_data.npz': stored });
  const open = async () => {
    let reads = 0;
    (await imagenet32.open(folder, 'test', { onProgress: () => reads++ })).close();
    return reads;
  };
  // Told at the beginning of the one array and at the end.
  expect([await open(), await open()]).toEqual([2, 0]);
  const path = join(folder, 'val_data.npz');
  writeFileSync(path, flipped(stored, stored.indexOf('NUMPY', stored.indexOf('data.npy')) + 5000));
  utimesSync(path, 1, 1);
  await expect(open()).rejects.toMatchObject(refusal(/with the CRC-32/));
});

test('the pickled form is refused by name, and a folder with neither says what is looked for', async () => {
  await expect(imagenet32.open(folderWith({ val_data: 'x' }), 'test')).rejects.toMatchObject(
    refusal(/received val_data, which is pickled \(get the npz files\)/),
  );
  await expect(imagenet64.open(folderWith({}), 'train')).rejects.toMatchObject(
    refusal(
      /expected train_data_batch_1\.npz, \.\.\., or a folder train_64x64 of images, received a folder with 0 entries/,
    ),
  );
});

test('an array of 32x32 images is refused as one of 64x64', async () => {
  await expect(imagenet64.open(folderWith({ 'val_data.npz': stored }), 'test')).rejects.toMatchObject(
    refusal(/an array of n x 12288 bytes, received 3 x 3072/),
  );
});

test('pickled objects beside the array are not looked at', async () => {
  const path = join(folderWith({ 'a.npz': stored }), 'a.npz');
  expect((await openNpzBytes(path, 'data')).shape).toEqual([3, 3072]);
  await expect(openNpzBytes(path, 'objects')).rejects.toMatchObject(refusal(/received pickled objects/));
  await expect(openNpzBytes(path, 'labels')).rejects.toMatchObject(refusal(/received the type <i8/));
});

test('a file in the place of the folder of images is refused in one line', async () => {
  await expect(imagenet32.open(folderWith({ valid_32x32: '' }), 'test')).rejects.toMatchObject(
    refusal(/valid_32x32: expected a readable file or folder, received ENOTDIR/),
  );
});
