import { crc32 } from '../../src/foundation/crc32.js';
import {
  recordChecksum,
  CodedReader,
  concatenateStreams,
  recordKinds,
  splitStreams,
  writeHeader,
  writeRecord,
  type CodedHeader,
  type CodedRecord,
} from '../../src/coding/format.js';
import { streamed } from './coding.js';
import { slowTest } from '../extent.js';

/** Bytes by their hexadecimal digits. */
const bytes = (digits: string) => Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'));

// Written out by docs/codec-format.md; the CRC-32s are those of Python's zlib.
const headers: [string, CodedHeader, Uint8Array][] = [
  [
    'of colour frames, with a model of images and an embedded model',
    {
      width: 64,
      height: 36,
      channels: 3,
      levels: 256,
      arithmetic: 'fused',
      frameRate: { numerator: 30000, denominator: 1001 },
      model: '0123456789abcdef',
      stills: 'fedcba9876543210',
      embedded: bytes('010203'),
    },
    bytes(
      '89505856 03 01 03 ff 0040 0024 00007530 000003e9 0123456789abcdef fedcba9876543210 00000003 043d1193 010203',
    ),
  ],
  [
    'of two levels of grey, with neither',
    {
      width: 7,
      height: 5,
      channels: 1,
      levels: 2,
      arithmetic: 'separate',
      frameRate: { numerator: 10, denominator: 1 },
      model: '00000000000000ff',
      stills: null,
      embedded: null,
    },
    bytes('89505856 03 00 01 01 0007 0005 0000000a 00000001 00000000000000ff 0000000000000000 00000000 43a982dc'),
  ],
];
const records: [string, CodedRecord, Uint8Array][] = [
  [
    'predicted from the frames before',
    { kind: recordKinds.predicted, index: 5, payload: bytes('aabbcc'), check: 0xb34d50be },
    bytes('01 03 b34d50be aabbcc'),
  ],
  [
    'written by the model of images, far on',
    { kind: recordKinds.still, index: 300, payload: bytes('aa'), check: 0xb50ad414 },
    bytes('02 f34b59 ac02 01 b50ad414 aa'),
  ],
  [
    'that is WebP, of many bytes',
    { kind: recordKinds.webp, index: 0, payload: new Uint8Array(200), check: 0x163aec80 },
    bytes(`03 f34b59 00 c801 163aec80 ${'00'.repeat(200)}`),
  ],
  [
    'that is the end',
    { kind: recordKinds.end, index: 16384, payload: new Uint8Array(), check: 0xe9511ec2 },
    bytes('00 808001 e9511ec2'),
  ],
];
const [, [, small, smallBytes]] = headers;

/** A reader of bytes that come one by one. */
const readerOf = (...parts: Uint8Array[]) =>
  new CodedReader(streamed([...Buffer.concat(parts)].map((byte) => Uint8Array.of(byte))));

/** A reader that stands behind a header of small frames. */
async function behindHeader(...parts: Uint8Array[]): Promise<CodedReader> {
  const reader = readerOf(smallBytes, ...parts);
  await reader.header();
  return reader;
}

describe('a beginning', () => {
  test.each(headers)('%s has the bytes of the document', async (_, header, expected) => {
    expect(Buffer.from(writeHeader(header)).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
    expect(await readerOf(expected).header()).toEqual(header);
  });

  const received = async (file: Uint8Array) => {
    const error = await readerOf(file)
      .header()
      .catch((error: Error) => error);
    expect(error).toMatchObject({ code: 'INPUT' });
    return /^decode: the file: expected a file of pxv encode, received (.*); check the file$/.exec(
      (error as Error).message,
    )?.[1];
  };

  test.each([
    ['of another kind', bytes('89504e47 0d0a1a0a'), 'another kind of file'],
    ['without a byte', new Uint8Array(), 'another kind of file'],
    ['that breaks off', smallBytes.subarray(0, 43), 'a truncated header'],
    ['that breaks off in its model', headers[0][2].subarray(0, 46), 'a truncated header'],
    ['of another version', Uint8Array.from(smallBytes).fill(2, 4, 5), 'a file of version 2, not 3'],
  ])('of a file %s is refused', async (_, file, message) => {
    expect(await received(file)).toBe(message);
  });

  slowTest('in which any bit is flipped is refused', async () => {
    for (const [, , whole] of headers)
      for (let bit = 0; bit < 8 * whole.length; bit++) {
        const flipped = Uint8Array.from(whole);
        flipped[bit >> 3] ^= 1 << (bit & 7);
        const message = /^another kind|^a file of version|^a damaged header|^a truncated header/;
        expect(await received(flipped)).toMatch(message);
      }
  });

  test.each([
    ['an arithmetic', 5, 2],
    ['channels', 6, 2],
    ['one level', 7, 0],
    ['a width of 0', 9, 0],
    ['a height of 0', 11, 0],
    ['a rate of 0', 15, 0],
    ['a denominator of 0', 19, 0],
  ])('that has %s that cannot be is refused, its CRC-32 right', async (_, at, value) => {
    const changed = Uint8Array.from(smallBytes);
    changed[at] = value;
    new DataView(changed.buffer).setUint32(40, crc32(changed.subarray(0, 40)));
    expect(await received(changed)).toBe('a damaged header');
  });
});

describe('a frame', () => {
  test.each(records)('%s has the bytes of the document', async (_, record, expected) => {
    expect(Buffer.from(writeRecord(record)).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
    const reader = await behindHeader(expected, Uint8Array.of(7));
    expect(await reader.record(record.index)).toEqual({ record, bytes: expected.length });
  });

  test('is checked with its levels', () => {
    const levels = [bytes('0102'), bytes('0102'), bytes('07'), new Uint8Array()];
    for (const [at, [, { kind, index, payload, check }]] of records.entries()) {
      expect(recordChecksum(kind, index, payload, levels[at])).toBe(check);
      expect(recordChecksum(kind, index, payload, Uint8Array.of(...levels[at], 0))).not.toBe(check);
    }
  });

  // Frames of 7x5 levels have payloads of at most 5 * 35 + 1024 bytes.
  test.each([
    ['none', new Uint8Array()],
    ['an unknown kind', bytes('04 f34b59 00 01 00000000 aa')],
    ['a key frame without its mark', bytes('02 f34b58 00 01 00000000 aa')],
    ['a payload that is too long', Buffer.concat([bytes('01 b009 00000000'), new Uint8Array(1200)])],
    ['a length without an end', bytes('01 ffffffffff 00000000')],
    ['a payload that breaks off', bytes('01 03 b34d50be aabb')],
    ['numbers that break off', bytes('02 f34b59 ac02 01 b50a')],
  ])('is not found in %s', async (_, file) => {
    expect(await (await behindHeader(file)).record(0)).toBeNull();
  });

  test('of the longest payload is read', async () => {
    const payload = new Uint8Array(5 * small.width * small.height + 1024);
    const reader = await behindHeader(writeRecord({ kind: recordKinds.predicted, index: 0, payload, check: 1 }));
    expect((await reader.record(0))?.record.payload).toEqual(payload);
  });

  test('follows the one that was taken', async () => {
    const reader = await behindHeader(...records.map(([, , written]) => written));
    for (const [, record, written] of records) {
      expect((await reader.record(record.index))?.record).toEqual(record);
      reader.take(written.length);
    }
    expect(await reader.record(0)).toBeNull();
  });

  test('that is a key frame is found behind damage, and no other', async () => {
    const [[, , predicted], [, still, written]] = records;
    const reader = await behindHeader(bytes('02 f34b 03 f3'), predicted, bytes('00 f34b59 04 f34b59'), written);
    expect(await reader.seekKey()).toBe(true);
    expect((await reader.record(0))?.record).toEqual(still);
    reader.take(1);
    expect(await reader.seekKey()).toBe(false);
  });
});

slowTest('a model of 32 MiB that comes in pieces of 512 bytes is read within seconds', async () => {
  const embedded = new Uint8Array(2 ** 25);
  const file = writeHeader({ ...small, embedded });
  const pieces = Array.from({ length: Math.ceil(file.length / 512) }, (_, at) =>
    file.subarray(512 * at, 512 * at + 512),
  );
  const began = performance.now();
  const header = await new CodedReader(streamed(pieces)).header();
  expect(header.embedded).toHaveLength(embedded.length);
  expect(performance.now() - began).toBeLessThan(10_000);
});

describe('parts of a payload', () => {
  test('have their lengths before them, but the last', () => {
    const parts = [bytes('aabb'), new Uint8Array(), new Uint8Array(130), bytes('cc')];
    const expected = bytes(`02 aabb 00 8201 ${'00'.repeat(130)} cc`);
    expect(concatenateStreams(parts)).toEqual(expected);
    expect(concatenateStreams([bytes('aabb')])).toEqual(bytes('aabb'));
    expect(splitStreams(expected, 4)).toEqual(parts);
    expect(splitStreams(bytes('aabb'), 1)).toEqual([bytes('aabb')]);
  });

  test('that are cut off are empty', () => {
    expect(splitStreams(bytes('05 aa'), 3)).toEqual([bytes('aa'), new Uint8Array(), new Uint8Array()]);
  });
});

test('a reader ends its source', async () => {
  let isOpen = true;
  async function* source(): AsyncGenerator<Uint8Array, void> {
    try {
      yield await Promise.resolve(smallBytes);
    } finally {
      isOpen = false;
    }
  }
  const reader = new CodedReader(source());
  await reader.header();
  await reader.close();
  expect(isOpen).toBe(false);
});
