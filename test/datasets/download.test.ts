import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { download } from '../../datasets/download.js';
import type { SourceFile } from '../../datasets/image-set.js';
import { randomInts } from '../random.js';
import { brokenOff, serve, whole, withoutRanges } from './local-server.js';
import { folderWith, refusal } from './made-files.js';

const bytes = Buffer.from(randomInts(300_000, 256, 1));
const sha256 = createHash('sha256').update(bytes).digest('hex');
const other = Buffer.from(bytes);
other[123_456] ^= 1;

function file(...urls: string[]): SourceFile {
  return { name: 'set.bin', urls, bytes: bytes.length, sha256 };
}
const target = () => join(folderWith({}), 'set.bin');
const holds = (path: string, expected: Uint8Array) => readFileSync(path).equals(expected);

test('a file is downloaded whole, with progress up to its last byte', async () => {
  const { url } = await serve({ '/set.bin': whole(bytes) });
  const path = target();
  const progress: number[] = [];
  await download(file(`${url}/set.bin`), path, { onProgress: (_, done) => progress.push(done) });
  expect(holds(path, bytes)).toBe(true);
  expect(progress.at(-1)).toBe(bytes.length);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
});

test('a download that broke off keeps what has arrived, and the next one asks for the rest alone', async () => {
  const first = await serve({ '/set.bin': brokenOff(bytes, 100_000) });
  const path = target();
  await expect(download(file(`${first.url}/set.bin`), path)).rejects.toMatchObject(
    refusal(/expected 300000 bytes .*, after 100000 bytes; run the command again to go on where it stopped/),
  );
  expect(holds(path, bytes.subarray(0, 100_000))).toBe(true);
  const second = await serve({ '/set.bin': whole(bytes) });
  await download(file(`${second.url}/set.bin`), path);
  expect(second.ranges).toEqual(['bytes=100000-']);
  expect(holds(path, bytes)).toBe(true);
});

test('a server that cannot send a rest sends the file from its first byte', async () => {
  const { url, ranges } = await serve({ '/set.bin': withoutRanges(bytes) });
  const path = target();
  writeFileSync(path, bytes.subarray(0, 1000));
  await download(file(`${url}/set.bin`), path);
  expect({ ranges, right: holds(path, bytes) }).toEqual({ ranges: ['bytes=1000-'], right: true });
});

test('a file that is there already is checked, not downloaded', async () => {
  const { url, ranges } = await serve({ '/set.bin': whole(bytes) });
  const path = target();
  writeFileSync(path, bytes);
  await download(file(`${url}/set.bin`), path);
  expect(ranges).toEqual([]);
});

test('the second address is asked where the first has no such file', async () => {
  const { url } = await serve({ '/there/set.bin': whole(bytes) });
  const path = target();
  await download(file(`${url}/set.bin`, `${url}/there/set.bin`), path);
  expect(holds(path, bytes)).toBe(true);
});

test('a mirror is asked instead of the official addresses', async () => {
  const official = await serve({});
  const mirror = await serve({ '/mirror/set.bin': whole(bytes) });
  const path = target();
  await download(file(`${official.url}/set.bin`), path, { mirror: `${mirror.url}/mirror` });
  expect(official.ranges).toEqual([]);
  expect(holds(path, bytes)).toBe(true);
});

test.each([
  ['a file with one wrong bit', whole(other), /one with the SHA-256 [0-9a-f]{64}, which was deleted;/],
  ['a file that is too short, as its headers say', whole(bytes.subarray(1)), /a file of 299999 bytes;/],
  ['a file that is too long, as its headers say', whole(Buffer.concat([bytes, bytes])), /a file of 600000 bytes;/],
  [
    'a file that is too short, without a word of its length',
    withoutRanges(bytes.subarray(1)),
    /the first 299999 bytes;/,
  ],
  ['a stream without end', withoutRanges(Buffer.concat([bytes, bytes])), /more bytes than the file has;/],
  [
    'a page that says no',
    (_: unknown, response: { writeHead(s: number): { end(): void } }) => response.writeHead(403).end(),
    /HTTP status 403;/,
  ],
])('%s is refused in one line', async (_, answer, message) => {
  const { url } = await serve({ '/set.bin': answer });
  const path = target();
  await expect(download(file(`${url}/set.bin`), path)).rejects.toMatchObject(refusal(message));
  expect(existsSync(path) && holds(path, bytes)).toBe(false);
});

test('a file with a wrong bit is not resumed: the next download starts again and succeeds', async () => {
  const answers = { '/set.bin': whole(other) };
  const { url, ranges } = await serve(answers);
  const path = target();
  await expect(download(file(`${url}/set.bin`), path)).rejects.toMatchObject({ code: 'INPUT' });
  answers['/set.bin'] = whole(bytes);
  await download(file(`${url}/set.bin`), path);
  expect(ranges).toEqual([undefined, undefined]);
});

test('a server that answers with another range than was asked for is refused', async () => {
  const { url } = await serve({
    '/set.bin': (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 5-9/300000' });
      response.end('01234');
    },
  });
  const path = target();
  writeFileSync(path, bytes.subarray(0, 1000));
  await expect(download(file(`${url}/set.bin`), path)).rejects.toMatchObject(
    refusal(/the range 'bytes 5-9\/300000' instead of one from byte 1000/),
  );
});

test('a connection that falls silent is given up', async () => {
  const { url } = await serve({ '/set.bin': brokenOff(bytes, 1000, true) });
  await expect(download(file(`${url}/set.bin`), target(), { patience: 0.3 })).rejects.toMatchObject(
    refusal(/nothing for 0\.3 seconds, after 1000 bytes/),
  );
});

test('an interruption ends the download and keeps what has arrived', async () => {
  const { url } = await serve({ '/set.bin': brokenOff(bytes, 1000, true) });
  const path = target();
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('enough'));
  await expect(download(file(`${url}/set.bin`), path, { signal: controller.signal, onProgress })).rejects.toThrow(
    'enough',
  );
  expect(holds(path, bytes.subarray(0, 1000))).toBe(true);
});

test('a server that is not there is named', async () => {
  await expect(download(file('http://127.0.0.1:9/set.bin'), target())).rejects.toMatchObject(
    refusal(/received http:\/\/127\.0\.0\.1:9\/set\.bin: fetch failed/),
  );
});

test('a place that cannot be written to is named', async () => {
  const { url, ranges } = await serve({ '/set.bin': whole(bytes) });
  const path = join(target(), 'nowhere', 'set.bin');
  await expect(download(file(`${url}/set.bin`), path)).rejects.toMatchObject(
    refusal(/download: .*nowhere.set\.bin: expected a writable path, received ENOENT.*; set PXV_DATA/, 'OUTPUT'),
  );
  expect(ranges).toEqual([]);
});
