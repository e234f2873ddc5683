import { createWebgpuBackend, type GpuDevice, type WebgpuBackendClass } from '../../src/backend/webgpu-backend.js';

type Listener = Parameters<GpuDevice['addEventListener']>[1];

class GPUOutOfMemoryError extends Error {}
class GPUValidationError extends Error {}

/** A backend over a device that reports what a test says, and that maps a buffer after some looks at it. */
function madeBackend({ looks = 3, loses = false, isFallbackAdapter = false } = {}) {
  let listener: Listener = () => undefined;
  let lose: (info: { reason: string; message: string }) => void = () => undefined;
  const device: GpuDevice = {
    limits: { maxStorageBufferBindingSize: 2 ** 27 },
    lost: new Promise((resolve) => (lose = resolve)),
    addEventListener: (_, added) => (listener = added),
  };
  const values = Float32Array.of(1, 2, 3);
  let mapped: () => void = () => undefined;
  const staging = {
    size: 12,
    mapState: 'unmapped',
    mapAsync: () => {
      staging.mapState = 'pending';
      return new Promise<void>((resolve) => (mapped = resolve));
    },
    getMappedRange: () => values.buffer,
    unmap: () => (staging.mapState = 'unmapped'),
  };
  const processEvents = () => {
    if (looks-- > 0) return;
    staging.mapState = loses ? 'unmapped' : 'mapped';
    mapped();
  };
  let released = 0;
  class Base {
    tensorMap = new Map<object, object>();
    bufferManager = { acquireBuffer: () => staging, releaseBuffer: () => (released += 1) };
    commandEncoder = { copyBufferToBuffer: () => undefined };
    ensureCommandEncoderReady() {}
    endComputePassEncoder() {}
    submitQueue() {}
    uploadToGPU() {}
    runWebGPUProgram() {}
  }
  const info = { device: 'made', description: 'of a test', isFallbackAdapter };
  const backend = createWebgpuBackend(Base as unknown as WebgpuBackendClass, device, info, processEvents);
  const store = (shape: number[]) => {
    const dataId = {};
    (backend as unknown as Base).tensorMap.set(dataId, { dtype: 'float32', shape, resource: { size: 12 } });
    return dataId;
  };
  return {
    read: () => backend.readSync(store([3])),
    readLater: () => {
      const reading = backend.read(store([3]));
      for (let turn = 0; turn < 5; turn++) processEvents();
      return reading;
    },
    run: () => (backend as unknown as Base).runWebGPUProgram(),
    upload: (shape: number[]) => (backend as unknown as { uploadToGPU(id: object): void }).uploadToGPU(store(shape)),
    report: (error: Error) => listener({ error, preventDefault: () => undefined }),
    lose,
    released: () => released,
  };
}

test('a buffer is read at once, or later', async () => {
  const backend = madeBackend();
  expect(backend.read()).toEqual(Float32Array.of(1, 2, 3));
  expect(await backend.readLater()).toEqual(Float32Array.of(1, 2, 3));
  expect(backend.released()).toBe(2);
});

test.each([
  ['RESOURCES', new GPUOutOfMemoryError('too big\n - While calling'), 'memory: .*, received too big; give a smaller'],
  ['DEPENDENCY', new GPUValidationError('no\n - While calling'), 'device: .*, received no; use --backend native'],
])('%s: an error of the device is thrown by the next read, and by no other', (code, error, message) => {
  const backend = madeBackend();
  backend.report(error);
  backend.report(new GPUValidationError('what follows from it'));
  const thrown: unknown = caught(backend.read);
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(`^compute on webgpu: ${message}`) as string });
  expect(backend.read()).toEqual(Float32Array.of(1, 2, 3));
  expect(backend.released()).toBe(2);
});

test('a lost device is told by each read', async () => {
  const backend = madeBackend();
  backend.lose({ reason: 'unknown', message: 'the driver was reset' });
  await Promise.resolve();
  for (let times = 0; times < 2; times++) {
    expect(backend.read).toThrow(/received a lost device \(the driver was reset\); run again/);
    await expect(backend.readLater()).rejects.toMatchObject({ code: 'DEPENDENCY' });
  }
});

test('a device that is lost while it is read is told', () => {
  expect(madeBackend({ loses: true }).read).toThrow(/received a lost device \(its memory cannot be read\)/);
});

test('a software adapter refuses what it would crash of, until the event loop has had its turn', async () => {
  const [software, gpu] = [madeBackend({ isFallbackAdapter: true }), madeBackend()];
  for (let times = 0; times < 50_000; times++) [software, gpu].forEach(({ run }) => run());
  gpu.run();
  expect(software.run).toThrow('expected at most 50000 operations on a software adapter, received more; use');
  await new Promise((resolve) => setImmediate(resolve));
  software.run();
});

test('a tensor may be as large as the device allows', () => {
  const { upload } = madeBackend();
  upload([2 ** 25]);
  expect(() => upload([2 ** 25 + 1, 1])).toThrow(
    'tensor: expected at most the 128 MiB of the adapter, received 129 MiB ([33554433, 1]); give a smaller batch',
  );
});

function caught(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
