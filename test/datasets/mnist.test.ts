import { gzipSync } from 'node:zlib';
import { binarizedMnist } from '../../datasets/binarized-mnist/binarized-mnist.js';
import { mnist } from '../../datasets/mnist/mnist.js';
import { allOf, amat, folderWith, idx, refusal } from './made-files.js';

const equal = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(Buffer.from(b));

describe('mnist', () => {
  test.each([
    't10k-images-idx3-ubyte',
    't10k-images.idx3-ubyte',
    't10k-images-idx3-ubyte.gz',
    't10k-share-images-idx3-ubyte.gz',
  ])('the test images are read from %s', async (name) => {
    const file = idx(4);
    const images = await mnist.open(folderWith({ [name]: name.endsWith('gz') ? gzipSync(file) : file }), 'test');
    expect(images).toMatchObject({ width: 28, height: 28, channels: 1, levels: 256, count: 4 });
    expect(equal(allOf(images), file.subarray(16))).toBe(true);
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
    ['a gzip file that was cut off', packed.subarray(0, -100), /a whole gzip file, received one that was cut off/],
    ['a damaged gzip file', damaged, /a whole gzip file, received one that is damaged/],
  ])('%s: refused in one line', async (_, file, message) => {
    const folder = folderWith({ 't10k-images-idx3-ubyte': file });
    await expect(mnist.open(folder, 'test')).rejects.toMatchObject(refusal(message));
  });

  test('a gzip file that unpacks to far more than any data set has is refused', async () => {
    const folder = folderWith({ 't10k-images-idx3-ubyte.gz': gzipSync(Buffer.alloc(513 * 2 ** 20), { level: 1 }) });
    await expect(mnist.open(folder, 'test')).rejects.toMatchObject(refusal(/one that unpacks to more than 512 MiB/));
  });

  test('a folder that does not exist is refused', async () => {
    await expect(mnist.open('/nowhere/at/all', 'test')).rejects.toMatchObject(refusal(/received nothing;/));
  });
});

describe('binarized-mnist', () => {
  const { text, pixels } = amat(3);
  const bits = Buffer.from(idx(3, { levels: 2 }));

  test.each([
    ['train', 'binarized_mnist_train.amat'],
    ['validation', 'binarized_mnist_valid.amat'],
    ['test', 'binarized_mnist_test.amat'],
  ] as const)('the %s images are the lines of %s', async (split, name) => {
    const images = await binarizedMnist.open(folderWith({ [name]: text }), split);
    expect(images).toMatchObject({ width: 28, height: 28, channels: 1, levels: 2, count: 3 });
    expect(equal(allOf(images), pixels)).toBe(true);
  });

  test.each(['binarized_test-idx3-ubyte', 'binarized_test_share-idx3-ubyte.gz', 'binarized_mnist_test.idx3-ubyte'])(
    'IDX files of 0 and 1 are read as 0 and 255: %s',
    async (name) => {
      const folder = folderWith({ [name]: name.endsWith('gz') ? gzipSync(bits) : bits });
      const images = await binarizedMnist.open(folder, 'test');
      expect(
        equal(
          allOf(images),
          Uint8Array.from(bits.subarray(16), (bit) => 255 * bit),
        ),
      ).toBe(true);
    },
  );

  test('text with Windows line ends and without a last one is read too', async () => {
    const folder = folderWith({ 'binarized_mnist_test.amat': text.trimEnd().replaceAll('\n', '\r\n') });
    expect(equal(allOf(await binarizedMnist.open(folder, 'test')), pixels)).toBe(true);
  });

  test.each([
    ['a line that is too short', text.slice(0, 1568 + 700), /784 digits a line, received 350 in line 2/],
    ['a line that is too long', text.replace('\n', ' 0\n'), /784 digits a line, received more in line 1/],
    ['a grey pixel', `0.5 ${text}`, /digits 0 and 1 with spaces between them, received byte 46 in line 1/],
    ['an empty file', '', /at least one image, received none/],
  ])('%s: refused in one line', async (_, content, message) => {
    const folder = folderWith({ 'binarized_mnist_test.amat': content });
    await expect(binarizedMnist.open(folder, 'test')).rejects.toMatchObject(refusal(message));
  });

  test('IDX files of grey pixels are refused', async () => {
    const folder = folderWith({ 'binarized_test-idx3-ubyte': idx(3) });
    await expect(binarizedMnist.open(folder, 'test')).rejects.toMatchObject(
      refusal(/pixels of 0 and 1, received \d+ in image 0/),
    );
  });
});
