import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadWasm, loadWasmFrom } from '../../src/backend/library-files.js';
import { PxvError } from '../../src/foundation/errors.js';
import { randomFloats } from '../random.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const kernels = loadWasm().kernels();
const { memory } = kernels;

function relu(x: Float32Array, out: Float32Array): Float32Array {
  kernels.relu({ count: x.length }, { x, out });
  return out;
}

test('arrays in its memory and elsewhere, also mixed and in the middle of others, serve alike', () => {
  const values = randomFloats(1000, 1);
  const expected = values.map((value) => Math.max(value, 0));
  const placed = () => {
    const array = memory.make(1000);
    array.set(values);
    return array;
  };
  const middle = new Float32Array(1100).subarray(50, 1050);
  middle.set(values);
  for (const x of [values, placed(), middle])
    for (const out of [new Float32Array(1000), placed(), new Float32Array(1200).subarray(7, 1007)])
      expect(Array.from(relu(x, out))).toEqual(Array.from(expected));
});

test('arrays stay where they are as the memory grows', () => {
  const x = memory.make(1000).fill(-2);
  const out = memory.make(1000).fill(NaN);
  const large = memory.make(2 ** 25);
  expect(large).toHaveLength(2 ** 25);
  expect(relu(x, out).every((value) => value === 0)).toBe(true);
  expect(x.every((value) => value === -2)).toBe(true);
  for (const array of [x, out, large]) memory.free(array);
});

test('what is given back is used again, however often, and after a refusal too', () => {
  const x = new Float32Array(2 ** 20).fill(1);
  const out = new Float32Array(2 ** 20);
  for (let i = 0; i < 100; i++) {
    memory.free(memory.make(2 ** 27));
    expect(() => kernels.relu({ count: 1 }, { x, out })).toThrow('relu: x: expected 1 values');
  }
  expect(relu(x, out)[2 ** 20 - 1]).toBe(1);
});

test('more than an address of 32 bits reaches is refused in one line', () => {
  const first = memory.make(2 ** 29);
  expect(() => memory.make(2 ** 29)).toThrow(PxvError);
  expect(() => memory.make(2 ** 29)).toThrow(
    'allocate: memory of WebAssembly: expected at most 4 GiB in all, received 2147483648 bytes more; use a ' +
      'smaller batch or size',
  );
  memory.free(first);
  memory.free(memory.make(2 ** 29));
});

describe('a file that does not hold the kernels is refused in one line', () => {
  const whole = readFileSync(join('wasm', 'pxv.wasm'));
  const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  test.each([
    ['missing', null],
    ['empty', new Uint8Array()],
    ['cut short', whole.subarray(0, 1000)],
    ['of something else', emptyModule],
  ])('%s', (name, bytes) => {
    const path = join(folder.path, `${name}.wasm`);
    if (bytes !== null) writeFileSync(path, bytes);
    expect(() => loadWasmFrom(path)).toThrow(PxvError);
    expect(() => loadWasmFrom(path)).toThrow(
      /^load WebAssembly: .*\.wasm: expected a whole file of pxv, received .+; install .+, or run: npm run build:wasm$/,
    );
  });

  test('but for the whole one, wherever it stands', () => {
    const path = join(folder.path, 'whole.wasm');
    writeFileSync(path, whole);
    expect(loadWasmFrom(path).instructionSets).toEqual(['wasm']);
  });
});
