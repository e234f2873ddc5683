import { readFileSync } from 'node:fs';
import { formatNpyHeader } from '../../src/foundation/npy.js';
import { parseNpy } from './parse-npy.js';

const file = (name: string) => readFileSync(`test/fixtures/npy/${name}.npy`);

/** A file with a header of these words, of format version 1. */
function withHeader(header: string, version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.from([version, 0]),
    length,
    Buffer.from(header, 'latin1'),
  ]);
}

test('headers that numpy wrote are parsed: type, order and shape', () => {
  const c = { isFortranOrder: false, headerBytes: 128 };
  expect(parseNpy(file('clips-first'))).toEqual({ ...c, type: '|u1', shape: [2, 4, 5, 6] });
  expect(parseNpy(file('colour-planar'))).toEqual({ ...c, type: '>f8', shape: [2, 4, 3, 5, 6] });
  expect(parseNpy(file('fortran'))).toEqual({ ...c, isFortranOrder: true, type: '|u1', shape: [4, 5, 6] });
});

test('later versions of the format, one axis, and the long integers of Python 2 are parsed', () => {
  const one = parseNpy(withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }\n", 2));
  expect(one).toMatchObject({ type: '<f4', shape: [7], headerBytes: 12 + 58 });
  const old = parseNpy(withHeader("{'descr': '|u1', 'fortran_order': False, 'shape': (20L, 3L), }\n"));
  expect(old).toMatchObject({ shape: [20, 3] });
  const none = parseNpy(withHeader("{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n"));
  expect(none).toMatchObject({ shape: [] });
});

test('a structured type has no name', () => {
  const header = "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (7,), }\n";
  expect(parseNpy(withHeader(header))).toMatchObject({ type: '' });
});

test.each([
  ['another file', Buffer.alloc(200)],
  ['a file that ends within its header', file('clips-first').subarray(0, 100)],
  ['an empty file', Buffer.alloc(0)],
  ['a header without a shape', withHeader("{'descr': '|u1', 'fortran_order': False}\n")],
  ['a header without an order', withHeader("{'descr': '|u1', 'shape': (1, 2)}\n")],
  ['a header with an axis without a length', withHeader("{'descr': '|u1', 'fortran_order': False, 'shape': (L, 2)}\n")],
  ['a header of two numbers in one axis', withHeader("{'descr': '|u1', 'fortran_order': False, 'shape': (1 2, 2)}\n")],
  ['a header that claims four gigabytes', Buffer.from('\x93NUMPY\x02\0\xff\xff\xff\xff{}'.padEnd(200), 'latin1')],
])('%s has no header', (_, bytes) => {
  expect(parseNpy(bytes)).toBeNull();
});

test.each([
  ['a negative length', '-3, 2'],
  ['a length of 2^64', '18446744073709551616, 2'],
  ['65 axes', '1, '.repeat(65)],
])('a header with %s is refused with its shape', (_, tuple) => {
  const refused = () => parseNpy(withHeader(`{'descr': '|u1', 'fortran_order': False, 'shape': (${tuple})}\n`));
  const expected = 'at most 64 axes, each of a length from 0 to 2^53 - 1';
  expect(refused).toThrow(
    `read array: a.npy: expected ${expected}, received the shape (${tuple}); save the array again`,
  );
});

test('a header that is written is the one of numpy, and 128 bytes long for any shape of clips', () => {
  expect(formatNpyHeader([2, 4, 5, 6])).toEqual(file('clips-first').subarray(0, 128));
  for (const shape of [[1], [], [64, 9999, 1080, 1920, 3]]) {
    expect(formatNpyHeader(shape)).toHaveLength(128);
    expect(parseNpy(formatNpyHeader(shape))).toMatchObject({ shape, headerBytes: 128 });
  }
});
