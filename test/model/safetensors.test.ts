import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHalf, toHalf } from '../../src/foundation/half-precision.js';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.js';
import type { FloatType } from '../../src/model/safetensors-format.js';
import { PxvError } from '../../src/foundation/errors.js';
import { randomFloats } from '../random.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const path = join(folder.path, 'some.safetensors');
const arrays = new Map([
  ['layers.0.weights', { shape: [3, 3, 2, 5], data: randomFloats(90, 1) }],
  ['bias', { shape: [3], data: Float32Array.from([0, -0, 1.5]) }],
  ['step', { shape: [], data: Float32Array.from([7]) }],
  ['none', { shape: [0, 4], data: new Float32Array(0) }],
]);
const metadata = { format: 'pxv', description: '{"é":1}', step: '12' };

beforeEach(() => writeSafetensors(path, { arrays, metadata }));

test('what is written is read again, bit for bit', () => {
  const read = readSafetensors(path);
  expect(read.metadata).toEqual(metadata);
  expect([...read.arrays.keys()]).toEqual([...arrays.keys()]);
  for (const [name, { shape, data }] of arrays) {
    expect(read.arrays.get(name)!.shape).toEqual(shape);
    expect(Buffer.from(read.arrays.get(name)!.data.buffer)).toEqual(Buffer.from(data.buffer));
  }
});

test('in 16 bits it is half as long, and each number is the nearest there is', () => {
  writeSafetensors(path, { arrays, metadata }, 'F16');
  const read = readSafetensors(path);
  expect(read.metadata).toEqual(metadata);
  expect([...read.arrays.keys()]).toEqual([...arrays.keys()]);
  for (const [name, { shape, data }] of arrays) {
    expect(read.arrays.get(name)!.shape).toEqual(shape);
    expect(read.arrays.get(name)!.data).toEqual(data.map((value) => fromHalf(toHalf(value))));
  }
  const bytes = readFileSync(path);
  expect(bytes.length - 8 - Number(bytes.readBigUInt64LE(0))).toBe(2 * (90 + 3 + 1));
});

test('arrays begin at a multiple of 8 bytes', () => {
  expect(Number(readFileSync(path).readBigUInt64LE(0)) % 8).toBe(0);
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

(hasPython ? test : test.skip).each<FloatType>(['F32', 'F16'])(
  'Python reads %s with nothing but struct and json',
  (type) => {
    writeSafetensors(path, { arrays, metadata }, type);
    const program = `
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
(length,) = struct.unpack('<Q', data[:8])
header = json.loads(data[8:8 + length])
out = {'metadata': header.pop('__metadata__')}
for name, entry in header.items():
    begin, end = (8 + length + offset for offset in entry['data_offsets'])
    size, letter = {'F32': (4, 'f'), 'F16': (2, 'e')}[entry['dtype']]
    values = struct.unpack(f'<{(end - begin) // size}{letter}', data[begin:end])
    out[name] = [entry['dtype'], entry['shape'], list(values)]
print(json.dumps(out))`;
    const { stdout, stderr } = spawnSync('python3', ['-c', program, path], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const named = [...arrays].map(([name, { shape, data }]) => [
      name,
      [type, shape, [...data].map((value) => (type === 'F32' ? value : fromHalf(toHalf(value))))],
    ]);
    expect(JSON.parse(stdout)).toEqual({ metadata, ...Object.fromEntries(named) });
  },
);

/** The bytes of a file with this header and body. */
function bytesOf(header: string, body = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), body]);
}

const entry = (changes: object) =>
  JSON.stringify({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...changes } });

test.each([
  { name: 'an empty file', bytes: () => Buffer.alloc(0), received: '0 bytes, too few for the header' },
  { name: 'seven bytes', bytes: () => Buffer.alloc(7), received: '7 bytes, too few for the header' },
  {
    name: 'a file cut in its header',
    bytes: () => readFileSync(path).subarray(0, 60),
    received: '60 bytes, too few for the header',
  },
  {
    name: 'a file cut in its arrays',
    bytes: () => readFileSync(path).subarray(0, -40),
    received: "tensor 'layers.0.weights' of 90 values at bytes 0 to 360 of 336",
  },
  {
    name: 'a header as long as 2^63 bytes',
    bytes: () => Buffer.from('0000000000000080aabb', 'hex'),
    received: '10 bytes, too few for the header',
  },
  {
    name: 'text',
    bytes: () => Buffer.from('This is a text file, and no model.'),
    received: '34 bytes, too few for the header',
  },
  { name: 'a header that is not JSON', bytes: () => bytesOf('{"x":'), received: 'a header that is not JSON' },
  { name: 'a header that is a list', bytes: () => bytesOf('[1,2]'), received: 'a header that is not an object' },
  { name: 'a header that is null', bytes: () => bytesOf('null'), received: 'a header that is not an object' },
  {
    name: 'metadata of numbers',
    bytes: () => bytesOf('{"__metadata__":{"step":1}}'),
    received: 'metadata that are not text',
  },
  {
    name: 'an array of doubles',
    bytes: () => bytesOf(entry({ dtype: 'F64' }), Buffer.alloc(16)),
    received: "tensor 'x' of type F64",
  },
  {
    name: 'an array of halves as long as one of floats',
    bytes: () => bytesOf(entry({ dtype: 'F16' }), Buffer.alloc(8)),
    received: "tensor 'x' of 2 values at bytes 0 to 8 of 8",
  },
  {
    name: 'an array of fewer bytes than its shape needs',
    bytes: () => bytesOf(entry({ data_offsets: [0, 4] }), Buffer.alloc(8)),
    received: "tensor 'x' of 2 values at bytes 0 to 4 of 8",
  },
  {
    name: 'an array that begins before the file',
    bytes: () => bytesOf(entry({ data_offsets: [-8, 0] }), Buffer.alloc(8)),
    received: "tensor 'x' without a proper type, shape or place",
  },
  {
    name: 'an array without a place',
    bytes: () => bytesOf(entry({ data_offsets: undefined }), Buffer.alloc(8)),
    received: "tensor 'x' without a proper type, shape or place",
  },
  {
    name: 'a tensor that is a number',
    bytes: () => bytesOf('{"x":3}'),
    received: "tensor 'x' without a proper type, shape or place",
  },
  {
    name: 'two arrays of the same bytes',
    bytes: () => {
      const one = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
      return bytesOf(JSON.stringify({ x: one, y: one }), Buffer.alloc(8));
    },
    received: "tensor 'y' in bytes of another one",
  },
  {
    name: 'a tensor whose name is a megabyte',
    bytes: () => bytesOf(JSON.stringify({ ['x'.repeat(2 ** 20)]: 3 })),
    received: `tensor '${'x'.repeat(1989)}...`,
  },
  {
    name: 'a shape of fractions',
    bytes: () => bytesOf(entry({ shape: [0.5, 4] }), Buffer.alloc(8)),
    received: "tensor 'x' without a proper type, shape or place",
  },
])('$name is refused in one line', ({ bytes, received }) => {
  writeFileSync(path, bytes());
  const message =
    `read model: ${path}: expected a complete safetensors file of float32 or float16 tensors, received ${received}; ` +
    'use another checkpoint; this file is damaged or of another kind';
  expect(() => readSafetensors(path)).toThrow(expect.objectContaining({ code: 'CHECKPOINT', message }) as PxvError);
});

test('a file that does not exist is refused', () => {
  expect(() => readSafetensors(join(folder.path, 'none'))).toThrow(
    /^read model: .*none: expected a safetensors file, received no such file; check the path, or list .*`pxv models`$/,
  );
});

test('where a file cannot be written, the error says so and nothing is left behind', () => {
  const occupied = join(folder.path, 'folder');
  mkdirSync(join(occupied, 'inside'), { recursive: true });
  expect(() => writeSafetensors(occupied, { arrays, metadata })).toThrow(
    expect.objectContaining({
      code: 'OUTPUT',
      message: expect.stringMatching(/^write: .*folder: expected a writable path, received /) as string,
    }) as PxvError,
  );
  expect(readdirSync(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
  expect(existsSync(path)).toBe(true);
});
