import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { loadAddon, loadModule } from '../../src/backend/addon.js';
import { CallWriter } from '../../src/backend/call.js';
import { descriptions, type InstructionSet } from '../../src/backend/kernels/index.js';
import { loadWasm } from '../../src/backend/library-files.js';
import { PxvError } from '../../src/foundation/errors.js';
import { announceMissing } from '../announce-missing.js';
import { randomFloats } from '../random.js';
import { temporaryFolder } from '../video/made-clips.js';
import { absentSets, bf16Sets, hasTensorflow, hasWebgpu } from './implementations.js';

const built = existsSync('build/Release/pxv.node');

if (!hasTensorflow) announceMissing('TensorFlow, for the composed forms on it');
if (!hasWebgpu) announceMissing('an adapter of WebGPU, or its packages, for the composed forms on it');
if (bf16Sets.length === 0) announceMissing('products in bf16');
for (const name of absentSets) announceMissing(`the instruction set ${name}`);

describe('loading an addon', () => {
  const platform = `${process.platform}-${process.arch}`;
  const refusal = (...places: Parameters<typeof loadModule>[0]): PxvError => {
    try {
      loadModule(places);
    } catch (error) {
      if (error instanceof PxvError) return error;
      throw error;
    }
    throw new Error('expected no addon');
  };

  test('says of each place what is wrong there, and names every remedy', () => {
    const error = refusal(
      { name: 'own', path: '/no/such/pxv.node', remedy: 'build it' },
      { name: 'prebuilt', path: null, remedy: 'install it' },
    );
    expect(error.code).toBe('DEPENDENCY');
    expect(error.message).toBe(
      `load the native addon: ${platform}: expected one that was built for it, ` +
        'received own: not built; prebuilt: not installed; build it, or install it',
    );
  });

  test('gives the cause where the file is not an addon for this machine', () => {
    const folder = temporaryFolder();
    const path = join(folder.path, 'pxv.node');
    writeFileSync(path, 'not an addon');
    const error = refusal({ name: path, path, remedy: 'build it' });
    folder.remove();
    expect(error.code).toBe('DEPENDENCY');
    expect(error.parts.received).not.toContain('it has not been built');
    expect(error.cause).toBeDefined();
  });

  (built ? test : test.skip)('skips one that needs glibc on a system with musl, and says so', () => {
    const [own, prebuilt] = [
      { name: 'own', path: '/no/such/pxv.node', remedy: 'build it' },
      { name: 'prebuilt', path: resolve('build/Release/pxv.node'), remedy: 'install it', needsGlibc: true },
    ];
    expect(() => loadModule([own, prebuilt], () => true)).toThrow(
      'received own: not built; prebuilt: built for glibc, and this system has musl; build it',
    );
    expect(loadModule([own, prebuilt], () => false).threads()).toBeGreaterThan(0);
    expect(loadModule([prebuilt, { ...prebuilt, needsGlibc: false }], () => true).threads()).toBeGreaterThan(0);
  });

  (built ? test : test.skip)('goes on to the next place', () => {
    const path = resolve('build/Release/pxv.node');
    const [broken, whole] = [null, path].map((place) => ({ name: 'one', path: place, remedy: 'none' }));
    expect(loadModule([broken, whole]).threads()).toBeGreaterThan(0);
  });
});

const libraries = [
  { name: 'WebAssembly', first: 'wasm', load: loadWasm },
  ...(built ? [{ name: 'the native addon', first: 'portable', load: loadAddon }] : []),
];

describe.each(libraries)('$name', ({ first, load }) => {
  const library = load();
  const threadsAtFirst = library.threads();
  afterEach(() => library.setThreads(threadsAtFirst));

  test(`offers ${first} first, gives the highest set where none is named, and each by its name`, () => {
    const sets = library.instructionSets;
    expect(sets[0]).toBe(first);
    expect(library.kernels().instructionSet).toBe(sets.at(-1));
    expect(sets.map((set) => library.kernels(set).instructionSet)).toEqual(sets);
  });

  test('refuses an instruction set that this CPU lacks, naming those it has', () => {
    const choose = () => library.kernels('avx1024' as InstructionSet);
    expect(choose).toThrow(PxvError);
    expect(choose).toThrow(
      'choose kernels: instruction set: expected one that this CPU runs ' +
        `(${library.instructionSets.join(', ')}), received avx1024`,
    );
  });

  test('keeps the number of threads that was set, and refuses none', () => {
    library.setThreads(3);
    expect(library.threads()).toBe(3);
    expect(() => library.setThreads(0)).toThrow(/set threads: count: expected an integer from 1 to 1024, received 0/);
    expect(library.threads()).toBe(3);
  });
});

(built ? test : test.skip)(
  'the native addon serves several JavaScript threads at once, and outlives them',
  async () => {
    const script = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { path, kernel, numbers } = workerData;
    const { run } = require(path).instructionSets.portable;
    const x = new Float32Array(300_000).fill(-1).fill(2, 100_000);
    const out = new Float32Array(x.length);
    for (let i = 0; i < 50; i++) run(kernel, numbers, x, out);
    parentPort.postMessage(out.reduce((sum, value) => sum + value, 0));
  `;
    const x = randomFloats(300_000, 9);
    const out = new Float32Array(x.length);
    const call = new CallWriter('relu', descriptions.relu);
    call.write({ count: x.length }, { x, out });
    const workerData = {
      ...{ path: resolve('build/Release/pxv.node'), numbers: call.numbers },
      kernel: Object.keys(descriptions).indexOf('relu'),
    };
    const workers = [1, 2, 3].map(() => new Worker(script, { eval: true, workerData }));
    const sums = workers.map((worker) => once(worker, 'message').then(([sum]) => sum as number));
    const ends = workers.map((worker) => once(worker, 'exit'));
    const relu = () => loadAddon().kernels('portable').relu({ count: x.length }, { x, out });
    for (let i = 0; i < 50; i++) relu();
    expect(await Promise.all(sums)).toEqual([400_000, 400_000, 400_000]);
    await Promise.all(ends);
    relu();
    expect(out.every((value, i) => value === Math.max(x[i], 0))).toBe(true);
  },
);
