import { basename } from 'node:path';
import { findFile } from '../find-files.js';
import { splitHeldOut } from '../held-out.js';
import { readIdxImages } from '../idx.js';
import type { Images, ImageSet, SourceFile } from '../image-set.js';
import { wrapImages } from '../records.js';

const size = { width: 28, height: 28 };
const counts = { train: 54_000, validation: 6_000, test: 10_000 };

const mirrors = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
];

function source(name: string, bytes: number, sha256: string): SourceFile {
  return { name, urls: mirrors.map((mirror) => mirror + name), bytes, sha256 };
}

/** Files to download. Labels are not used, so they are not downloaded. */
const files = [
  source('train-images-idx3-ubyte.gz', 9_912_422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'),
  source('t10k-images-idx3-ubyte.gz', 1_648_877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'),
];

/** Names of files after `train-` or `t10k-`, the official ones before those of partial files. */
const names = ['images[.-]idx3-ubyte', 'images[.-]idx3-ubyte\\.gz', '[\\w-]*images[.-]idx3-ubyte(\\.gz)?'];

/** MNIST, with a validation split held out of the training images. */
export const mnist: ImageSet = {
  name: 'mnist',
  title: 'MNIST, 28x28 grey handwritten digits',
  size,
  channels: 1,
  levels: 256,
  counts,
  files,
  async open(folder, split) {
    if (split === 'test') return openFile(folder, 't10k', 'test', counts.test);
    return splitHeldOut(await openFile(folder, 'train', 'train', counts.train + counts.validation), split);
  },
};

async function openFile(folder: string, prefix: string, split: string, official: number): Promise<Images> {
  const patterns = names.map((name) => new RegExp(`^${prefix}-${name}$`));
  const path = await findFile(folder, patterns, `${prefix}-images-idx3-ubyte, plain or .gz`);
  const { count, data } = await readIdxImages(path, size);
  const origin = `MNIST ${split}: ${count} of the ${official} official images (${basename(path)})`;
  return wrapImages({ ...size, channels: 1, levels: 256, origin, files: [path] }, data);
}
