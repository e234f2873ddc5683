import { basename } from 'node:path';
import { findFile } from '../find-files.js';
import { readIdxImages } from '../idx.js';
import type { ImageSet, SourceFile, Split } from '../image-set.js';
import { wrongFile } from '../read-file.js';
import { wrapImages } from '../records.js';
import { readAmat } from './amat.js';

const size = { width: 28, height: 28 };
const counts = { train: 50_000, validation: 10_000, test: 10_000 };
/** Names of the splits in the names of the files. */
const words: Record<Split, string> = { train: 'train', validation: 'valid', test: 'test' };
const place = 'http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/';

function source(split: Split, sha256: string): SourceFile {
  const name = `binarized_mnist_${words[split]}.amat`;
  return { name, urls: [place + name], bytes: counts[split] * 2 * size.width * size.height, sha256 };
}

/** MNIST with pixels of 0 and 255 alone, binarized once, in Larochelle's fixed split. */
export const binarizedMnist: ImageSet = {
  name: 'binarized-mnist',
  title: "MNIST binarised once and for all: Larochelle's split",
  size,
  channels: 1,
  levels: 2,
  counts,
  files: [
    source('train', 'ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d'),
    source('validation', '1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2'),
    source('test', 'e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c'),
  ],
  async open(folder, split) {
    const word = words[split];
    const text = new RegExp(`^binarized_mnist_${word}\\.amat$`);
    const idx = new RegExp(`^binarized_(?:mnist_)?${word}[\\w-]*[.-]idx3-ubyte(?:\\.gz)?$`);
    const expected = `binarized_mnist_${word}.amat, or an IDX file binarized_${word}*-idx3-ubyte, plain or .gz`;
    const path = await findFile(folder, [text, idx], expected);
    const data = path.endsWith('.amat') ? await readAmat(path, size.width * size.height) : await readIdxBits(path);
    const count = data.length / (size.width * size.height);
    const part = `${count} of the ${counts[split]} official images`;
    const origin = `fixed binarised MNIST ${split}: ${part} (${basename(path)})`;
    return wrapImages({ ...size, channels: 1, levels: 2, origin, files: [path] }, data);
  },
};

/** Reads an IDX file of values 0 and 1 as bytes of 0 and 255. */
async function readIdxBits(path: string): Promise<Uint8Array> {
  const { data } = await readIdxImages(path, size);
  for (let i = 0; i < data.length; i++) {
    if (data[i] > 1) {
      const image = Math.floor(i / (size.width * size.height));
      throw wrongFile(path, 'pixels of 0 and 1', `${data[i]} in image ${image}`);
    }
    data[i] *= 255;
  }
  return data;
}
