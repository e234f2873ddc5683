import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend, type BackendOptions } from '../../src/backend/choose-backend.js';
import type { NativeBackend } from '../../src/backend/native-backend.js';
import { missingWebgpuPackages } from '../../src/backend/webgpu.js';
import { availableSets as available, hasTensorflow, hasWebgpu } from './implementations.js';

test('without options it takes the best instruction set, or says why the kernels in WebAssembly serve', async () => {
  const chosen = await chooseBackend();
  expect(chosen.backend).toBe('native');
  expect(chosen.instructionSet).toBe(available[available.length - 1]);
  expect(tf.getBackend()).toBe('native');
  expect((tf.backend() as NativeBackend).kernels.instructionSet).toBe(chosen.instructionSet);
  if (available.length > 1) expect(chosen.note).toBeNull();
  else {
    expect(chosen.note).toMatch(/^the native addon does not load \(.*\), so the WebAssembly kernels are used, /);
    expect(chosen.note).toMatch(
      /3 times slower in training and 1\.6 times in prediction: .*, then run: npm run build$/,
    );
  }
});

test.each(available)('instruction set %s serves when asked for, without a note', async (instructionSet) => {
  const chosen = await chooseBackend({ instructionSet });
  expect(chosen).toMatchObject({ backend: 'native', instructionSet, note: null });
  expect((tf.backend() as NativeBackend).kernels.instructionSet).toBe(instructionSet);
  expect(Array.from(tf.relu([-1, 2]).dataSync())).toEqual([0, 2]);
});

test('the same choice twice keeps the tensors', async () => {
  await chooseBackend({ instructionSet: 'wasm' });
  const x = tf.tensor1d([1, 2]);
  await chooseBackend({ instructionSet: 'wasm' });
  expect(Array.from(x.dataSync())).toEqual([1, 2]);
});

test.each(available)('%s has as many threads as are asked for, and one for each core without a number', async (set) => {
  const { threads } = await chooseBackend({ instructionSet: set });
  expect((await chooseBackend({ instructionSet: set, threads: threads + 1 })).threads).toBe(threads + 1);
  expect((await chooseBackend({ instructionSet: set })).threads).toBe(threads);
});

test('cpu is the backend of tfjs itself', async () => {
  expect(await chooseBackend({ backend: 'cpu' })).toEqual({
    backend: 'cpu',
    instructionSet: null,
    threads: 1,
    note: null,
  });
  expect(tf.getBackend()).toBe('cpu');
});

test.each<[BackendOptions, string, string]>([
  [{ threads: 0 }, 'USAGE', 'threads: expected a whole number from 1, received 0'],
  [{ threads: 1.5 }, 'USAGE', 'threads: expected a whole number from 1, received 1.5'],
  [{ backend: 'foo' as 'cpu' }, 'USAGE', 'backend: expected one of native, cpu, tensorflow, webgpu, received foo'],
  [{ thread: 2 } as object, 'USAGE', 'options: expected backend, instructionSet or threads, received thread'],
  [{ backend: 'cpu', instructionSet: 'avx2' }, 'USAGE', 'instruction set: expected the backend native, received cpu'],
  [
    { instructionSet: 'sse9' as 'avx2' },
    'USAGE',
    `instruction set: expected one of ${available.join(', ')}, received sse9`,
  ],
])('%j is refused in one line', async (options, code, message) => {
  await expect(chooseBackend(options)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
  });
});

(hasTensorflow ? test.skip : test)('without its package tensorflow is refused in one line', async () => {
  await expect(chooseBackend({ backend: 'tensorflow' })).rejects.toMatchObject({
    code: 'DEPENDENCY',
    message: expect.stringContaining(
      'tensorflow: expected @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node, received neither is installed; ' +
        'run: npm install --save-dev --ignore-scripts @tensorflow/tfjs-node',
    ) as string,
  });
});

(hasTensorflow ? test : test.skip)('tensorflow serves where it is installed', async () => {
  expect(await chooseBackend({ backend: 'tensorflow' })).toMatchObject({ backend: 'tensorflow', instructionSet: null });
  expect(Array.from(tf.relu([-1, 2]).dataSync())).toEqual([0, 2]);
});

const webgpuPackages = ['webgpu', '@tensorflow/tfjs-backend-webgpu'];
(missingWebgpuPackages().length < webgpuPackages.length ? test.skip : test)(
  'without its packages webgpu is refused in one line',
  async () => {
    await expect(chooseBackend({ backend: 'webgpu' })).rejects.toMatchObject({
      code: 'DEPENDENCY',
      message: expect.stringContaining(
        `webgpu: expected ${webgpuPackages.join(' and ')}, received nothing installed; ` +
          'run: npm install --save-dev webgpu@0.6 @tensorflow/tfjs-backend-webgpu@4.22.0',
      ) as string,
    });
  },
);

describe('webgpu, where its packages and an adapter are', () => {
  const check = hasWebgpu ? test : test.skip;

  check('serves, and is read at once or later', async () => {
    expect(await chooseBackend({ backend: 'webgpu' })).toMatchObject({ backend: 'webgpu', instructionSet: null });
    const filled = tf.ones([40, 50]);
    const doubled = tf.mul(filled, 2);
    expect(doubled.dataSync()).toEqual(new Float32Array(2000).fill(2));
    expect(await tf.add(doubled, 1).data()).toEqual(new Float32Array(2000).fill(3));
    expect(tf.greater(doubled, 1).dataSync()).toEqual(new Uint8Array(2000).fill(1));
  });

  check('a tensor that is larger than the adapter allows is refused in one line', async () => {
    await chooseBackend({ backend: 'webgpu' });
    const [{ device }, side] = [tf.backend() as unknown as WithDevice, 2 ** 15];
    const mebibytes = device.limits.maxStorageBufferBindingSize / 2 ** 20;
    const rows = Math.ceil((mebibytes * 2 ** 20) / 4 / side) + 1;
    expect(() => tf.tidy(() => tf.fill([rows, side], 1).dataSync())).toThrow(
      `compute on webgpu: tensor: expected at most the ${mebibytes} MiB of the adapter, received ${mebibytes + 1} MiB`,
    );
  });

  check('what the adapter cannot run is told in one line by the next read', async () => {
    await chooseBackend({ backend: 'webgpu' });
    const many = Array.from({ length: 20 }, () => tf.square(tf.ones([1000])));
    expect(() => tf.tidy(() => tf.addN(many).dataSync())).toThrow(
      /^compute on webgpu: device: expected an operation that the adapter can run, received .*; use --backend native$/,
    );
    expect(tf.tidy(() => tf.add(many[0], many[1]).dataSync())).toEqual(new Float32Array(1000).fill(2));
  });

  check('a lost device is told in one line, by each read', async () => {
    await chooseBackend({ backend: 'webgpu' });
    (tf.backend() as unknown as WithDevice).device.destroy();
    const lost = /^compute on webgpu: device: expected a device that computes, received a lost device \(.*; run again/;
    for (let times = 0; times < 2; times++) {
      const square = tf.square(tf.ones([2000]));
      expect(() => square.dataSync()).toThrow(lost);
      await expect(square.data()).rejects.toThrow(lost);
    }
  });
});

interface WithDevice {
  device: { limits: { maxStorageBufferBindingSize: number }; destroy(): void };
}
