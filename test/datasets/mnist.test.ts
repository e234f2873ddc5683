import { gzipSync } from 'node:zlib';
import { mnist } from '../../datasets/mnist/mnist.js';
import { allOf, folderWith, idx, refusal } from './made-files.js';
import { slowTest } from '../extent.js';

test.each([
  't10k-images-idx3-ubyte',
  't10k-images.idx3-ubyte',
  't10k-images-idx3-ubyte.gz',
  't10k-share-images-idx3-ubyte.gz',
])('the test images are read from %s', async (name) => {
  const file = idx(4);
  const images = await mnist.open(folderWith({ [name]: name.endsWith('gz') ? gzipSync(file) : file }), 'test');
  expect(images).toMatchObject({ width: 28, height: 28, channels: 1, levels: 256, count: 4 });
  expect(Buffer.from(allOf(images)).equals(file.subarray(16))).toBe(true);
});

test('the official file is preferred to a part of it', async () => {
  const folder = folderWith({ 't10k-share-images-idx3-ubyte': idx(3), 't10k-images-idx3-ubyte': idx(4) });
  expect((await mnist.open(folder, 'test')).count).toBe(4);
});

const whole = idx(2);
const packed = gzipSync(whole);
const damaged = Buffer.from(packed);
damaged.fill(0xff, 100, 200);
test.each([
  [
    'labels in the place of images',
    Buffer.from([0, 0, 8, 1, ...new Array<number>(20).fill(0)]),
    /magic number 0x00000803 of IDX images, received 0x00000801/,
  ],
  ['pixels missing', whole.subarray(0, -1), /expected 1584 bytes for the 2 images of its header, received 1583/],
  ['bytes after the last pixel', Buffer.concat([whole, Buffer.alloc(1)]), /expected 1584 bytes .*, received 1585/],
  ['images of another size', idx(2, { height: 27 }), /images of 28x28, received 28x27/],
  ['no image', idx(0), /at least one image, received none/],
  ['a part of a header', whole.subarray(0, 10), /IDX header of 16 bytes, received 10 bytes/],
  ['a gzip file that was cut off', packed.subarray(0, -100), /a whole gzip file, received a truncated file/],
  ['a damaged gzip file', damaged, /a whole gzip file, received one that is damaged/],
])('%s: refused in one line', async (_, file, message) => {
  const folder = folderWith({ 't10k-images-idx3-ubyte': file });
  await expect(mnist.open(folder, 'test')).rejects.toMatchObject(refusal(message));
});

slowTest('a gzip file that unpacks to far more than any data set has is refused', async () => {
  // A gzip file may have several members, which unpack one after another.
  const members = new Array<Buffer>(33).fill(gzipSync(Buffer.alloc(16 * 2 ** 20)));
  const folder = folderWith({ 't10k-images-idx3-ubyte.gz': Buffer.concat(members) });
  await expect(mnist.open(folder, 'test')).rejects.toMatchObject(refusal(/a file of more than 512 MiB uncompressed/));
});

test('a folder that does not exist is refused', async () => {
  await expect(mnist.open('/nowhere/at/all', 'test')).rejects.toMatchObject(refusal(/received nothing;/));
});
