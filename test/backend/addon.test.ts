import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { loadAddon, loadModule } from '../../src/backend/addon.js';
import type { ConvolutionShape } from '../../src/backend/convolution-shape.js';
import type { InstructionSet, Kernels } from '../../src/backend/kernels.js';
import { PxvError } from '../../src/errors.js';
import { temporaryFolder } from '../video/made-clips.js';

const built = existsSync('build/Release/pxv.node');
const addon = built ? loadAddon() : undefined;
const withAddon = built ? describe : describe.skip;
/** Where there is no addon, a name to skip under. */
const sets: readonly InstructionSet[] = addon?.instructionSets ?? ['portable'];

/** Values in [-1, 1) that are the same in every run. */
function values(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A masked 3x3 over features cut into three uneven groups, with an odd image. */
function maskedShape(features: number): ConvolutionShape {
  const first = Math.ceil(features / 2);
  const second = Math.ceil((features - first) / 2);
  const groups = [first, second, features - first - second];
  const all = groups.map(() => features);
  return {
    inHeight: 13,
    inWidth: 11,
    inFeatures: features,
    outHeight: 13,
    outWidth: 11,
    outFeatures: features,
    stride: 1,
    kernel: { height: 3, width: 3 },
    groups,
    taps: [
      { dy: -1, dx: -1, position: 0, sees: all },
      { dy: -1, dx: 0, position: 1, sees: all },
      { dy: -1, dx: 1, position: 2, sees: all },
      { dy: 0, dx: -1, position: 3, sees: all },
      { dy: 0, dx: 0, position: 4, sees: [0, first, first + second] },
    ],
  };
}

/** An unmasked 4x4 with stride 2 over an odd image. */
const stridedShape: ConvolutionShape = {
  inHeight: 15,
  inWidth: 9,
  inFeatures: 5,
  outHeight: 7,
  outWidth: 4,
  outFeatures: 19,
  stride: 2,
  kernel: { height: 4, width: 4 },
  groups: [19],
  taps: Array.from({ length: 16 }, (_, position) => ({
    dy: Math.floor(position / 4) - 1,
    dx: (position % 4) - 1,
    position,
    sees: [5],
  })),
};

/** Every number that the three kernels of a convolution compute. */
function convolveBothWays(kernels: Kernels, shape: ConvolutionShape, batch: number): Float32Array[] {
  const inputs = batch * shape.inHeight * shape.inWidth * shape.inFeatures;
  const outputs = batch * shape.outHeight * shape.outWidth * shape.outFeatures;
  const weightCount = shape.kernel.height * shape.kernel.width * shape.inFeatures * shape.outFeatures;
  const x = values(inputs, 1);
  const weights = values(weightCount, 2);
  const dy = values(outputs, 3);
  const out = new Float32Array(outputs);
  const dx = new Float32Array(inputs);
  const dWeights = new Float32Array(weightCount);
  const dBias = new Float32Array(shape.outFeatures);
  kernels.convolution(shape, batch, x, weights, values(shape.outFeatures, 4), values(outputs, 5), true, out);
  kernels.convolutionInputGradient(shape, batch, dy, weights, x, values(inputs, 6), dx);
  kernels.convolutionFilterGradient(shape, batch, x, dy, true, dWeights, dBias);
  return [out, dx, dWeights, dBias];
}

const bits = (arrays: Float32Array[]) => arrays.map((array) => Buffer.from(array.buffer).toString('base64'));

/** The PxvError that a call throws. */
function refusal(call: () => void): PxvError {
  try {
    call();
  } catch (error) {
    if (error instanceof PxvError) return error;
    throw error;
  }
  throw new Error('expected the call to throw');
}

describe('loading an addon', () => {
  const fix = 'install g++, make and python3, then run: npm run build';

  test('says that it has not been built, and how to build it', () => {
    const error = refusal(() => loadModule('/no/such/pxv.node'));
    expect(error.code).toBe('DEPENDENCY');
    expect(error.message).toBe(
      `load the native addon: /no/such/pxv.node: expected an addon for ${process.platform}-${process.arch}, ` +
        `received no file: it has not been built; ${fix}`,
    );
  });

  test('gives the cause where the file is not an addon for this machine', () => {
    const folder = temporaryFolder();
    const path = join(folder.path, 'pxv.node');
    writeFileSync(path, 'not an addon');
    const error = refusal(() => loadModule(path));
    folder.remove();
    expect(error.code).toBe('DEPENDENCY');
    expect(error.message).toContain(fix);
    expect(error.parts.received).not.toContain('it has not been built');
    expect(error.cause).toBeDefined();
  });
});

withAddon('the native addon', () => {
  const threadsAtFirst = addon?.threads() ?? 1;
  afterEach(() => addon!.setThreads(threadsAtFirst));

  test('offers portable first, and gives the highest set where none is named', () => {
    expect(sets[0]).toBe('portable');
    expect(addon!.kernels().instructionSet).toBe(sets.at(-1));
  });

  test.each(sets)('forces %s by name', (set) => {
    expect(addon!.kernels(set).instructionSet).toBe(set);
  });

  test('refuses an instruction set that this CPU lacks, naming those it has', () => {
    const choose = () => addon!.kernels('avx1024' as InstructionSet);
    expect(choose).toThrow(PxvError);
    expect(choose).toThrow(/choose kernels: instruction set: expected .*portable.*, received avx1024/);
  });

  test('keeps the number of threads that was set, and refuses none', () => {
    addon!.setThreads(3);
    expect(addon!.threads()).toBe(3);
    expect(() => addon!.setThreads(0)).toThrow(/set threads: count: expected an integer from 1 to 1024, received 0/);
    expect(addon!.threads()).toBe(3);
  });

  test('serves several JavaScript threads at once, and outlives them', async () => {
    const script = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { relu } = require(workerData).instructionSets.portable;
      const x = new Float32Array(300_000).fill(-1).fill(2, 100_000);
      const out = new Float32Array(x.length);
      for (let run = 0; run < 50; run++) relu(x, out);
      parentPort.postMessage(out.reduce((sum, value) => sum + value, 0));
    `;
    const workers = [1, 2, 3].map(
      () => new Worker(script, { eval: true, workerData: resolve('build/Release/pxv.node') }),
    );
    const sums = workers.map((worker) => once(worker, 'message').then(([sum]) => sum as number));
    const ends = workers.map((worker) => once(worker, 'exit'));
    const x = values(300_000, 9);
    const out = new Float32Array(x.length);
    for (let run = 0; run < 50; run++) addon!.kernels('portable').relu(x, out);
    expect(await Promise.all(sums)).toEqual([400_000, 400_000, 400_000]);
    await Promise.all(ends);
    addon!.kernels('portable').relu(x, out);
    expect(out.every((value, i) => value === Math.max(x[i], 0))).toBe(true);
  });

  const tables = sets.flatMap((set) => [
    { name: set, kernelsOf: () => addon!.kernels(set) },
    ...(addon?.bf16Kernels(set) ? [{ name: `${set} in bf16`, kernelsOf: () => addon.bf16Kernels(set)! }] : []),
  ]);

  describe.each(tables)('$name', ({ kernelsOf }) => {
    test.each([
      ['3x3 masked, 5 features', maskedShape(5), 3],
      ['3x3 masked, 17 features', maskedShape(17), 3],
      ['3x3 masked, 48 features', maskedShape(48), 5],
      ['4x4 with stride 2', stridedShape, 3],
    ])('convolves both ways to the same bits with 1, 2, 3 and 4 threads: %s', (_, shape, batch) => {
      const kernels = kernelsOf();
      addon!.setThreads(1);
      const expected = bits(convolveBothWays(kernels, shape, batch));
      for (const count of [2, 3, 4]) {
        addon!.setThreads(count);
        for (let run = 0; run < 5; run++) expect(bits(convolveBothWays(kernels, shape, batch))).toEqual(expected);
      }
    });

    test('gives a pixel the same bits wherever it lies in the batch', () => {
      const shape = maskedShape(17);
      const kernels = kernelsOf();
      const image = shape.inHeight * shape.inWidth * shape.inFeatures;
      const weights = values(9 * 17 * 17, 7);
      const one = values(image, 8);
      const many = new Float32Array(4 * image);
      for (let i = 0; i < 4; i++) many.set(one, i * image);
      const outOfOne = new Float32Array(image);
      const outOfMany = new Float32Array(4 * image);
      kernels.convolution(shape, 1, one, weights, null, null, false, outOfOne);
      kernels.convolution(shape, 4, many, weights, null, null, false, outOfMany);
      for (let i = 0; i < 4; i++) expect(outOfMany.slice(i * image, (i + 1) * image)).toEqual(outOfOne);
    });
  });

  describe('refuses, before C++ runs,', () => {
    const shape = maskedShape(5);
    const image = shape.inHeight * shape.inWidth * 5;
    const kernels = addon?.kernels('portable') as Kernels;
    const convolve = (changed: Partial<ConvolutionShape>, x = image, weights = 225) =>
      kernels.convolution(
        { ...shape, ...changed },
        1,
        new Float32Array(x),
        new Float32Array(weights),
        null,
        null,
        false,
        new Float32Array(image),
      );

    test.each<[string, () => void, string]>([
      [
        'weights of the wrong length',
        () => convolve({}, image, 12),
        'convolution: weights: expected 225 values ([3,3,5,5]), received 12; pass arrays that fit the shapes',
      ],
      [
        'an input of the wrong length',
        () => convolve({}, 12),
        `convolution: x: expected ${image} values ([1,13,11,5]), received 12;`,
      ],
      [
        'groups that do not add up',
        () => convolve({ groups: [3, 1, 2] }),
        'convolution: shape.groups: expected a sum of 5, received 6;',
      ],
      [
        'a tap that sees more than there is',
        () => convolve({ taps: [{ dy: 0, dx: 0, position: 4, sees: [0, 3, 6] }] }),
        'convolution: shape.taps[0].sees[2]: expected an integer from 3 to 5, received 6;',
      ],
      [
        'a tap that sees less from group to group',
        () => convolve({ taps: [{ dy: 0, dx: 0, position: 4, sees: [3, 1, 5] }] }),
        'convolution: shape.taps[0].sees[1]: expected an integer from 3 to 5, received 1;',
      ],
      [
        'a tap beyond the kernel',
        () => convolve({ taps: [{ dy: 0, dx: 0, position: 9, sees: [1, 3, 5] }] }),
        'convolution: shape.taps[0].position: expected an integer from 0 to 8, received 9;',
      ],
      [
        'bytes in place of floats',
        () => kernels.relu(new Float32Array(4), new Uint8Array(4) as unknown as Float32Array),
        'relu: out: expected a Float32Array, received Uint8Array;',
      ],
      [
        'an addend that does not divide',
        () => kernels.add(new Float32Array(6), new Float32Array(4), new Float32Array(6)),
        'add: b: expected a number of values that divides 6, received 4;',
      ],
      [
        'a target beyond the levels',
        () => kernels.softmaxCrossEntropy(new Float32Array(6), Int32Array.of(0, 3), 2, 3, new Float32Array(2)),
        'softmaxCrossEntropy: targets: expected levels from 0 to 2, received 3 at 1;',
      ],
      [
        'a factor that does not fit',
        () => kernels.matMul(new Float32Array(6), new Float32Array(5), 2, 2, 3, false, false, new Float32Array(4)),
        'matMul: b: expected 6 values ([3,2]), received 5;',
      ],
    ])('%s', (_, call, message) => {
      const error = refusal(call);
      expect(error.code).toBe('USAGE');
      expect(error.message).toContain(message);
    });
  });
});
