import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cifar } from '../../datasets/cifar/cifar.js';
import { allOf, cifarRecords, folderWith, refusal } from './made-files.js';

/** The pixels of a record as the contract has them, by the definition of the format. */
function pixelsOf(records: Buffer, record: number): Uint8Array {
  const planes = records.subarray(3073 * record + 1, 3073 * (record + 1));
  return Uint8Array.from({ length: 3072 }, (_, at) => planes[1024 * (at % 3) + Math.floor(at / 3)]);
}

/** Pixels of all the records, as a set of texts, since carving changes the order. */
function texts(records: Buffer): string[] {
  const count = records.length / 3073;
  return Array.from({ length: count }, (_, record) => Buffer.from(pixelsOf(records, record)).toString('hex')).sort();
}

function textsOf(pixels: Uint8Array): string[] {
  const count = pixels.length / 3072;
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(pixels.subarray(3072 * i, 3072 * (i + 1))).toString('hex'),
  );
}

const records = Array.from({ length: 6 }, (_, batch) => cifarRecords(10 + batch, batch));
const official = Object.fromEntries(
  records.map((bytes, i) => [`cifar-10-batches-bin/${i < 5 ? `data_batch_${i + 1}` : 'test_batch'}.bin`, bytes]),
);

test('the three planes of a record become pixels, in the order of the records', async () => {
  const images = await cifar.open(folderWith({ 'test_batch.bin': records[5] }), 'test');
  expect(images).toMatchObject({ width: 32, height: 32, channels: 3, levels: 256, count: 15 });
  const expected = Array.from({ length: 15 }, (_, record) => [...pixelsOf(records[5], record)]);
  expect(Buffer.from(allOf(images)).equals(Buffer.from(expected.flat()))).toBe(true);
});

test('the official layout gives five batches to training and validation, and one to the test', async () => {
  const folder = folderWith(official);
  const [train, validation, test] = await Promise.all(
    (['train', 'validation', 'test'] as const).map((split) => cifar.open(folder, split)),
  );
  expect([train.count, validation.count, test.count]).toEqual([54, 6, 15]);
  const learned = [...textsOf(allOf(train)), ...textsOf(allOf(validation))].sort();
  expect(learned.join() === texts(Buffer.concat(records.slice(0, 5))).join()).toBe(true);
  expect(textsOf(allOf(test)).sort().join() === texts(records[5]).join()).toBe(true);
});

test('partial files of any number of records are read beside the official ones', async () => {
  const folder = folderWith({ 'train_20.bin': cifarRecords(20), 'test_share.bin': cifarRecords(3) });
  const train = await cifar.open(folder, 'train');
  expect({ count: train.count, origin: train.origin }).toEqual({
    count: 18,
    origin: 'CIFAR-10 train: 20 of the 50000 official images (train_20.bin), without the held-out tenth',
  });
  train.close();
  const test = await cifar.open(folder, 'test');
  expect(test.count).toBe(3);
  test.close();
});

test.each([
  [
    'a file that ends within a record',
    { 'test_batch.bin': cifarRecords(2).subarray(1) },
    /records of 3073 bytes, received 6145 bytes/,
  ],
  ['an empty file', { 'test_batch.bin': '' }, /records of 3073 bytes, received 0 bytes/],
  ['labels above 9', { 'test_batch.bin': Buffer.alloc(3073, 10) }, /labels from 0 to 9, received 10 in record 0/],
  [
    'two partial files',
    { 'test_1.bin': cifarRecords(1), 'test_2.bin': cifarRecords(1) },
    /expected one file: test_batch\.bin, .*received .*test_1\.bin and .*test_2\.bin;/,
  ],
  ['a folder without such files', { 'test.txt': '' }, /expected test_batch\.bin, .*received a folder with 1 entry/],
])('%s is refused in one line', async (_, files, message) => {
  await expect(cifar.open(folderWith(files), 'test')).rejects.toMatchObject(refusal(message));
});

test('a training set that lacks one of its five batches is refused', async () => {
  const rest = Object.entries(official).filter(([name]) => !name.endsWith('_3.bin'));
  await expect(cifar.open(folderWith(Object.fromEntries(rest)), 'train')).rejects.toMatchObject(
    refusal(/received data_batch_1\.bin, data_batch_2\.bin, data_batch_4\.bin, data_batch_5\.bin;/),
  );
});

test('an image that does not exist, and one that finds no room, are refused', async () => {
  const images = await cifar.open(folderWith({ 'test_batch.bin': records[5] }), 'test');
  const usage = (read: () => void) => {
    try {
      read();
    } catch (error) {
      return error;
    }
    return null;
  };
  expect(usage(() => images.read(15, new Uint8Array(3072)))).toMatchObject(
    refusal(/from 0 to 14 .* image 15/, 'USAGE'),
  );
  expect(usage(() => images.read(0, new Uint8Array(3071)))).toMatchObject(refusal(/room for 3072 bytes/, 'USAGE'));
  expect(usage(() => images.read(14, new Uint8Array(3072)))).toBeNull();
  images.close();
});

test('a folder in the place of a file, and a link that leads to itself, are refused in one line', async () => {
  const folder = folderWith({ 'test_batch.bin/file': '' });
  await expect(cifar.open(folder, 'test')).rejects.toMatchObject(
    refusal(/test_batch\.bin: expected a file, received something else/),
  );
  symlinkSync('train.bin', join(folder, 'train.bin'));
  await expect(cifar.open(folder, 'train')).rejects.toMatchObject(
    refusal(/train\.bin: expected a readable file .*ELOOP/),
  );
});
