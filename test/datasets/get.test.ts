import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cacheFolder } from '../../datasets/cache-folder.js';
import { cifar } from '../../datasets/cifar/cifar.js';
import { downloadFiles } from '../../datasets/get.js';
import type { ImageSetFacts, SourceFile } from '../../datasets/image-set.js';
import { verifyDataSet } from '../../datasets/verify.js';
import { brokenOff, serve, whole } from './local-server.js';
import { cifarRecords, folderWith, idx, refusal } from './made-files.js';
import { tarGz } from './made-tar.js';
import { slowTest } from '../extent.js';

const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const names = [...[1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`), 'test_batch.bin'];
const contents = names.map((_, seed) => cifarRecords(20, seed));
const archive = tarGz(names.map((name, i) => ({ path: `cifar-10-batches-bin/${name}`, content: contents[i] })));

function source(name: string, url: string, bytes: Uint8Array, unpack?: SourceFile['unpack']): SourceFile {
  return { name, urls: [`${url}/${name}`], bytes: bytes.length, sha256: sum(bytes), ...(unpack && { unpack }) };
}
/** CIFAR-10 in small, at a local server. */
function smallCifar(url: string, packed: Uint8Array = archive): ImageSetFacts {
  const unpack = names.map((name, i) => ({ name, bytes: contents[i].length }));
  return { ...cifar, files: [source('cifar.tar.gz', url, packed, unpack)] };
}

const environment = { ...process.env };
let cache: string;
beforeEach(() => {
  cache = folderWith({});
  process.env.PXV_DATA = cache;
});
afterEach(() => {
  process.env = { ...environment };
});

test('an archive becomes a folder of its files with their checksums, and nothing of the download is left', async () => {
  const { url } = await serve({ '/cifar.tar.gz': whole(archive) });
  const progress: string[] = [];
  const got = await downloadFiles(smallCifar(url), {
    onProgress: (name, done, total) => progress.push(`${name} ${done}/${total}`),
  });
  expect(got).toEqual({ folder: join(cache, 'cifar'), alreadyThere: false });
  expect(readdirSync(cache)).toEqual(['cifar']);
  expect(readdirSync(got.folder).sort()).toEqual(['SHA256SUMS', ...names]);
  for (const [i, name] of names.entries()) expect(readFileSync(join(got.folder, name)).equals(contents[i])).toBe(true);
  expect(readFileSync(join(got.folder, 'SHA256SUMS'), 'utf8')).toBe(
    names.map((name, i) => `${sum(contents[i])}  ${name}\n`).join(''),
  );
  expect(progress.at(-1)).toBe(`cifar.tar.gz ${archive.length}/${archive.length}`);
});

test('what is there already is not downloaded again', async () => {
  const { url, ranges } = await serve({ '/cifar.tar.gz': whole(archive) });
  await downloadFiles(smallCifar(url));
  expect((await downloadFiles(smallCifar(url))).alreadyThere).toBe(true);
  expect(ranges).toHaveLength(1);
});

test('of several files, those that have arrived are kept when a later one fails; the folder comes last', async () => {
  const files = { 'one-idx3-ubyte': idx(1), 'two-idx3-ubyte': idx(2) };
  const answers = {
    '/one-idx3-ubyte': whole(files['one-idx3-ubyte']),
    '/two-idx3-ubyte': brokenOff(files['two-idx3-ubyte'], 10),
  };
  const { url, ranges } = await serve(answers);
  const set = { ...cifar, files: Object.entries(files).map(([name, bytes]) => source(name, url, bytes)) };
  await expect(downloadFiles(set)).rejects.toMatchObject(refusal(/two-idx3-ubyte: expected 1584 bytes/));
  expect(existsSync(join(cache, 'cifar'))).toBe(false);
  answers['/two-idx3-ubyte'] = whole(files['two-idx3-ubyte']);
  await downloadFiles(set);
  expect(ranges).toEqual([undefined, undefined, 'bytes=10-']);
  expect(readdirSync(join(cache, 'cifar')).sort()).toEqual(['SHA256SUMS', 'one-idx3-ubyte', 'two-idx3-ubyte']);
});

test.each([
  ['that climbs out', tarGz([{ path: '../../evil', content: idx(1) }]), /names that stay inside the archive/],
  ['that lacks a file', tarGz([{ path: names[0], content: contents[0] }]), /an archive with data_batch_2\.bin/],
])('an archive %s leaves no folder', async (_, packed, message) => {
  const { url } = await serve({ '/cifar.tar.gz': whole(packed) });
  await expect(downloadFiles(smallCifar(url, packed))).rejects.toMatchObject(refusal(message));
  expect(readdirSync(cache)).toEqual(['cifar.partial']);
  expect(readdirSync(join(cache, 'cifar.partial'))).toEqual(['cifar.tar.gz']);
});

test('a cache that cannot be written to is named', async () => {
  process.env.PXV_DATA = join(folderWith({ file: '' }), 'file');
  await expect(downloadFiles(smallCifar('http://127.0.0.1:9'))).rejects.toMatchObject(
    refusal(/get data set: .*cifar\.partial: expected a writable path, received .*set PXV_DATA/, 'OUTPUT'),
  );
});

test('a file in the place of the folder that a download waits in is named', async () => {
  writeFileSync(join(cache, 'cifar.partial'), '');
  await expect(downloadFiles(smallCifar('http://127.0.0.1:9'))).rejects.toMatchObject(
    refusal(/download: .*cifar\.partial.*: expected a writable path, received ENOTDIR/, 'OUTPUT'),
  );
});

describe('verify', () => {
  beforeEach(async () => {
    const { url } = await serve({ '/cifar.tar.gz': whole(archive) });
    await downloadFiles(smallCifar(url));
  });

  test('counts the images of each split and compares the checksums of the download', async () => {
    const { splits, checkedFiles, folder } = await verifyDataSet('cifar');
    expect(folder).toBe(join(cache, 'cifar'));
    expect(splits.map(({ split, images, official }) => [split, images, official])).toEqual([
      ['train', 90, 45_000],
      ['validation', 10, 5_000],
      ['test', 20, 10_000],
    ]);
    expect(checkedFiles).toEqual(names);
  });

  test('finds one wrong bit, where the format is right', async () => {
    const path = join(cache, 'cifar', 'data_batch_3.bin');
    const bytes = readFileSync(path);
    bytes[1000] ^= 1;
    writeFileSync(path, bytes);
    await expect(verifyDataSet('cifar')).rejects.toMatchObject(
      refusal(
        /data_batch_3\.bin: expected the SHA-256 [0-9a-f]{64}, received SHA-256 [0-9a-f]{64}; .*pxv datasets get cifar/,
      ),
    );
  });

  test('finds a file that was cut off, where there are no checksums', async () => {
    const folder = folderWith({ 'train.bin': contents[0], 'test.bin': contents[5].subarray(0, -1) });
    await expect(verifyDataSet('cifar', { data: folder })).rejects.toMatchObject(
      refusal(/test\.bin: expected records of 3073 bytes/),
    );
  });

  test('says that files of a given folder have no known checksum, unless they are official ones', async () => {
    const folder = folderWith({ 'train.bin': contents[0], 'test.bin': contents[5] });
    expect((await verifyDataSet('cifar', { data: folder })).checkedFiles).toEqual([]);
    const named = folderWith({ 'train-images-idx3-ubyte.gz': idx(20), 't10k-images-idx3-ubyte': idx(2) });
    await expect(verifyDataSet('mnist', { data: named })).rejects.toMatchObject(
      refusal(/train-images-idx3-ubyte\.gz: expected the SHA-256 440fcabf.*; get the official file, or keep this one/),
    );
  });

  test('says of an official file that was cut off that it was, not that its checksum is another', async () => {
    const folder = folderWith({
      'train-images-idx3-ubyte.gz': gzipSync(idx(20)).subarray(0, -100),
      't10k-images-idx3-ubyte': idx(2),
    });
    await expect(verifyDataSet('mnist', { data: folder })).rejects.toMatchObject(
      refusal(/train-images-idx3-ubyte\.gz: expected a whole gzip file, received a truncated file/),
    );
  });

  test('refuses a folder in the place of a file in one line', async () => {
    const folder = folderWith({ 'binarized_mnist_train.amat/file': '' });
    await expect(verifyDataSet('binarized-mnist', { data: folder })).rejects.toMatchObject(
      refusal(/binarized_mnist_train\.amat: expected a readable file, received EISDIR/),
    );
  });
});

describe('verify, of videos', () => {
  const npy = Buffer.from('sequences');
  const md5 = createHash('md5').update(npy).digest('hex');
  const facts = { name: 'moving-mnist', files: [{ name: 'a.npy', urls: [] as string[], bytes: npy.length, md5 }] };

  test('a file of which the MD5 alone is known is downloaded and recorded with its SHA-256', async () => {
    const { url } = await serve({ '/a.npy': whole(npy) });
    facts.files[0].urls = [`${url}/a.npy`];
    const { folder } = await downloadFiles(facts);
    expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(`${sum(npy)}  a.npy\n`);
  });

  test('a download with another MD5 is refused in one line', async () => {
    const { url } = await serve({ '/a.npy': whole(Buffer.from('sequencez')) });
    facts.files[0].urls = [`${url}/a.npy`];
    await expect(downloadFiles(facts)).rejects.toMatchObject(
      refusal(/a\.npy: expected 9 bytes with the MD5 [0-9a-f]{32}, .* with the MD5 [0-9a-f]{32}, which was deleted;/),
    );
  });

  test('a folder without the official file, or with another, is refused in one line', async () => {
    await expect(verifyDataSet('moving-mnist')).rejects.toMatchObject(
      refusal(/expected its files in .*moving-mnist, received no such folder; run pxv datasets get moving-mnist/),
    );
    await expect(verifyDataSet('moving-mnist', { data: folderWith({}) })).rejects.toMatchObject(
      refusal(/mnist_test_seq\.npy: expected a readable file/),
    );
    const data = folderWith({ 'mnist_test_seq.npy': npy });
    await expect(verifyDataSet('moving-mnist', { data })).rejects.toMatchObject(
      refusal(/mnist_test_seq\.npy: expected a file of 819200080 bytes, received 9;/),
    );
  });

  slowTest('the right size with wrong bytes is refused by its MD5', async () => {
    const data = folderWith({ 'mnist_test_seq.npy': '' });
    truncateSync(join(data, 'mnist_test_seq.npy'), 819_200_080);
    await expect(verifyDataSet('moving-mnist', { data })).rejects.toMatchObject(
      refusal(/expected the MD5 be083ec986bfe91a449d63653c411eb2, received MD5 [0-9a-f]{32}; get the official file/),
    );
  });
});

describe('the cache', () => {
  test.each([
    [{ PXV_DATA: '/data' }, '/data/mnist'],
    [{ PXV_DATA: '', XDG_CACHE_HOME: '/caches' }, '/caches/pxv/datasets/mnist'],
    [{ PXV_DATA: '', XDG_CACHE_HOME: 'relative' }, `${homedir()}/.cache/pxv/datasets/mnist`],
    [{ PXV_DATA: '', XDG_CACHE_HOME: '' }, `${homedir()}/.cache/pxv/datasets/mnist`],
  ])('with %o is %s', (settings, expected) => {
    Object.assign(process.env, settings);
    expect(cacheFolder('mnist')).toBe(expected);
  });
});
