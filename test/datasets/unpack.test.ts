import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { unpackTarGz } from '../../datasets/unpack.js';
import { randomInts } from '../random.js';
import { folderWith, refusal } from './made-files.js';
import { tar, tarGz, type TarEntry } from './made-tar.js';

const a = Buffer.from(randomInts(100_000, 256, 1));
const b = Buffer.from(randomInts(777, 256, 2));
const wanted = [
  { name: 'a.bin', bytes: a.length },
  { name: 'b.bin', bytes: b.length },
];
const good: TarEntry[] = [
  { path: 'set/', type: 'Directory' },
  { path: 'set/readme.html', content: Buffer.from('hello') },
  { path: 'set/a.bin', content: a },
  { path: 'set/b.bin', content: b },
];

/** Unpacks into a folder two levels deep in one of its own, so that an escape would be seen. */
async function unpacked(archive: Uint8Array): Promise<{ outer: string; inner: string; error: unknown }> {
  const outer = folderWith({ 'archive.tar.gz': archive, 'one/two/keep': '' });
  const inner = join(outer, 'one', 'two');
  const error: unknown = await unpackTarGz(join(outer, 'archive.tar.gz'), inner, wanted).catch(
    (error: unknown) => error,
  );
  return { outer, inner, error };
}

test('the wanted files are taken out whole, and nothing else', async () => {
  const { inner, error } = await unpacked(tarGz(good));
  expect(error).toBeUndefined();
  expect(readdirSync(inner).sort()).toEqual(['a.bin', 'b.bin', 'keep']);
  expect(readFileSync(join(inner, 'a.bin')).equals(a)).toBe(true);
  expect(readFileSync(join(inner, 'b.bin')).equals(b)).toBe(true);
});

test.each<[string, Buffer, RegExp]>([
  [
    'a path that climbs out',
    tarGz([{ path: '../../evil', content: b }, ...good]),
    /names that stay inside the archive, received "\.\.\/\.\.\/evil"/,
  ],
  [
    'a wanted name on a path that climbs out',
    tarGz([{ path: 'set/../../../a.bin', content: a }, ...good]),
    /received "set\/\.\.\/\.\.\/\.\.\/a\.bin"/,
  ],
  ['an absolute path', tarGz([{ path: '/tmp/pxv-evil', content: b }, ...good]), /received "\/tmp\/pxv-evil"/],
  ['a path with a drive', tarGz([{ path: 'C:\\evil', content: b }, ...good]), /received "C:/],
  [
    'a symbolic link in the place of a wanted file',
    tarGz([{ path: 'set/a.bin', type: 'SymbolicLink', linkpath: '/etc/passwd' }, good[3]]),
    /a\.bin as a file, received a SymbolicLink/,
  ],
  [
    'a hard link in the place of a wanted file',
    tarGz([{ path: 'set/a.bin', type: 'Link', linkpath: '../keep' }, good[3]]),
    /a\.bin as a file, received a Link/,
  ],
  [
    'a wanted file of another size',
    tarGz([{ path: 'a.bin', content: b }, good[3]]),
    /a\.bin of 100000 bytes, received 777/,
  ],
  ['a wanted file that is missing', tarGz(good.slice(0, 3)), /an archive with b\.bin, received one without it/],
  [
    'an unwanted file that is far too large',
    tarGz([{ path: 'zeros', content: Buffer.alloc(5 * 2 ** 20) }, ...good]),
    /at most 4295081 bytes of content, received more/,
  ],
  [
    'gzip that goes on for ever',
    gzipSync(Buffer.concat([tar(good), Buffer.alloc(64 * 2 ** 20)])),
    /at most 4295081 bytes/,
  ],
  [
    'an archive that was cut off',
    tarGz(good).subarray(0, -5000),
    /a whole \.tar\.gz file, received unexpected end of file/,
  ],
  [
    'a tar file that was cut off',
    gzipSync(tar(good).subarray(0, 50_000)),
    /a whole \.tar\.gz file, received .*(truncated|Truncated|TAR_BAD_ARCHIVE|terminated)/,
  ],
  [
    'a file that is no archive',
    Buffer.from('no archive at all'),
    /a whole \.tar\.gz file, received incorrect header check/,
  ],
  ['gzip of no tar file', gzipSync(Buffer.alloc(2000, 'x')), /a whole \.tar\.gz file, received .*checksum/],
])('%s: refused in one line, and nothing is written elsewhere', async (_, archive, message) => {
  const { outer, inner, error } = await unpacked(archive);
  expect(error).toMatchObject(refusal(message));
  expect(readdirSync(outer).sort()).toEqual(['archive.tar.gz', 'one']);
  expect(readdirSync(dirname(inner))).toEqual(['two']);
  expect(readFileSync(join(inner, 'keep'))).toHaveLength(0);
  expect(existsSync('/tmp/pxv-evil')).toBe(false);
});

test('links that nobody wants are passed over', async () => {
  const { inner, error } = await unpacked(tarGz([{ path: 'evil', type: 'SymbolicLink', linkpath: '/' }, ...good]));
  expect(error).toBeUndefined();
  expect(readdirSync(inner).sort()).toEqual(['a.bin', 'b.bin', 'keep']);
});

test('what the disc refuses is not blamed on the archive', async () => {
  const outer = folderWith({ 'archive.tar.gz': tarGz(good) });
  await expect(unpackTarGz(join(outer, 'archive.tar.gz'), join(outer, 'missing'), wanted)).rejects.toMatchObject({
    code: 'ENOENT',
    syscall: 'open',
  });
});
