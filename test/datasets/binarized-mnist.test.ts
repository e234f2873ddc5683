import { gzipSync } from 'node:zlib';
import { binarizedMnist } from '../../datasets/binarized-mnist/binarized-mnist.js';
import { allOf, amat, folderWith, idx, refusal } from './made-files.js';

const equal = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(Buffer.from(b));

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
