import { closeSync, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pluralize } from '../../src/foundation/pluralize.js';
import { findFile, findFiles, listFolder } from '../find-files.js';
import { splitHeldOut } from '../held-out.js';
import type { Images, ImageSet, Split } from '../image-set.js';
import { unreadable, wrongFile } from '../read-file.js';
import { openImagesOnDisk, type RecordFile } from '../records.js';

const size = { width: 32, height: 32 };
const PIXELS = 3 * 32 * 32;
/** Bytes of a record: a label, then the red, the green and the blue plane. */
const RECORD = 1 + PIXELS;
const CLASSES = 10;
/** Folder in the official archive. */
const unpackedFolder = 'cifar-10-batches-bin';
const batches = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);

const counts = { train: 45_000, validation: 5_000, test: 10_000 };

/** CIFAR-10, with a validation split held out of the training images. */
export const cifar: ImageSet = {
  name: 'cifar',
  title: 'CIFAR-10, 32x32 colour photographs of ten kinds of things',
  size,
  channels: 3,
  levels: 256,
  counts,
  files: [
    {
      name: 'cifar-10-binary.tar.gz',
      urls: ['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
      bytes: 170_052_171,
      sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      unpack: [...batches, 'test_batch.bin'].map((name) => ({ name, bytes: 10_000 * RECORD })),
    },
  ],
  async open(folder, split) {
    const place = await placeOf(folder);
    if (split !== 'test') return splitHeldOut(await openFiles(await trainingFiles(place), 'train'), split);
    const patterns = [/^test_batch\.bin$/, /^test.*\.bin$/];
    return openFiles([await findFile(place, patterns, 'test_batch.bin, or one test*.bin')], split);
  },
};

async function trainingFiles(place: string): Promise<string[]> {
  const expected = 'data_batch_1.bin to data_batch_5.bin, or one train*.bin';
  const found = await findFiles(place, [/^data_batch_[1-5]\.bin$/, /^train.*\.bin$/], expected);
  const names = found.map((path) => basename(path));
  const whole = names[0].startsWith('train') ? names.length === 1 : names.length === batches.length;
  // Training with a batch missing would silently use less data.
  if (!whole) throw wrongFile(place, expected, names.join(', '));
  return found;
}

/** Returns `folder`, or the folder that the official archive makes inside. */
async function placeOf(folder: string): Promise<string> {
  return (await listFolder(folder)).includes(unpackedFolder) ? join(folder, unpackedFolder) : folder;
}

async function openFiles(paths: readonly string[], split: Split): Promise<Images> {
  const files = await Promise.all(paths.map(recordsOf));
  const count = files.reduce((sum, file) => sum + file.count, 0);
  const official = split === 'test' ? counts.test : counts.train + counts.validation;
  const names = paths.length > 1 ? pluralize(paths.length, 'file') : basename(paths[0]);
  const origin = `CIFAR-10 ${split}: ${count} of the ${official} official images (${names})`;
  return openImagesOnDisk({ ...size, channels: 3, levels: 256, origin, files: paths }, 'planar', files);
}

/**
 * Returns the records of a file, after checking its size and labels, since the file has no magic number. (A file of
 * CIFAR-100 has records of two labels.)
 */
async function recordsOf(path: string): Promise<RecordFile> {
  const found = await stat(path).catch(unreadable(path));
  if (!found.isFile()) throw wrongFile(path, 'a file', 'something else');
  const { size: bytes } = found;
  const count = bytes / RECORD;
  if (!Number.isInteger(count) || count === 0)
    throw wrongFile(path, `records of ${RECORD} bytes`, `${bytes} bytes, which is no whole number of records`);
  const fd = openSync(path, 'r');
  try {
    const label = new Uint8Array(1);
    for (let record = 0; record < count; record++) {
      readSync(fd, label, 0, 1, record * RECORD);
      if (label[0] >= CLASSES) throw wrongFile(path, 'labels from 0 to 9', `${label[0]} in record ${record}`);
    }
  } finally {
    closeSync(fd);
  }
  return { path, offset: 1, stride: RECORD, count };
}
