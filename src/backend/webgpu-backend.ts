import type { backend_util, DataType, KernelBackend } from '@tensorflow/tfjs-core';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { tf } from '../foundation/tfjs.js';

/** Device of WebGPU, as far as the backend uses one. */
export interface GpuDevice {
  limits: { maxStorageBufferBindingSize: number };
  lost: Promise<{ reason: string; message: string }>;
  addEventListener(type: 'uncapturederror', listener: (event: { error: Error }) => void): void;
}

interface GpuBuffer {
  size: number;
  mapState: 'unmapped' | 'pending' | 'mapped';
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
}

/** Members of `WebGPUBackend` of tfjs 4.22.0 that are read or replaced here. */
interface TfjsWebgpuBackend extends KernelBackend {
  tensorMap: { get(dataId: object): StoredTensor };
  bufferManager: { acquireBuffer(size: number, usage: number): GpuBuffer; releaseBuffer(buffer: GpuBuffer): void };
  commandEncoder: { copyBufferToBuffer(from: GpuBuffer, at: number, to: GpuBuffer, place: number, size: number): void };
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
}

/** Tensor as the backend keeps it: its values in memory, or a buffer of the device. */
interface StoredTensor {
  dtype: DataType;
  shape: number[];
  values: backend_util.BackendValues | null;
  resource: GpuBuffer | null;
}

/** Class `WebGPUBackend` of `@tensorflow/tfjs-backend-webgpu`. */
export type WebgpuBackendClass = new (device: GpuDevice, info: object) => TfjsWebgpuBackend;

// Values of GPUBufferUsage and GPUMapMode in the standard.
const USAGE_MAP_READ = 1;
const USAGE_COPY_DESTINATION = 8;
const MODE_READ = 1;

/** Time between two looks at a buffer that the device has not filled yet, in milliseconds. */
const POLL_MILLISECONDS = 0.2;

/**
 * Creates the backend `webgpu` of tfjs, with what it lacks in Node.js. Tensors can be read synchronously: kernels that
 * run on the host (`runAnywhere`) read their inputs within an operation. Errors of the device, which WebGPU reports
 * later, are thrown by the next read.
 * @param info adapter's `info`
 * @param processEvents handles the events of the device that have happened
 */
export function createWebgpuBackend(
  Base: WebgpuBackendClass,
  device: GpuDevice,
  info: object,
  processEvents: () => void,
): KernelBackend {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let failure: PxvError | null = null;
  device.addEventListener('uncapturederror', ({ error }) => (failure ??= deviceError(error)));
  void device.lost.then(({ reason, message }) => (failure = lostError(message || reason)));

  class WebgpuBackend extends Base {
    override uploadToGPU(dataId: object): void {
      const { shape } = this.tensorMap.get(dataId);
      const bytes = 4 * tf.util.sizeFromShape(shape);
      const limit = device.limits.maxStorageBufferBindingSize;
      if (bytes > limit) throw tooLarge(limit, bytes, shape);
      super.uploadToGPU(dataId);
    }

    override async read(dataId: object): Promise<backend_util.BackendValues> {
      try {
        const values = await super.read(dataId);
        throwFailure();
        return values;
      } catch (error) {
        throwFailure();
        throw error;
      }
    }

    override readSync(dataId: object): backend_util.BackendValues {
      const stored = this.tensorMap.get(dataId);
      stored.values ??= tf.util.convertBackendValuesAndArrayBuffer(this.readBuffer(stored.resource!), stored.dtype);
      return stored.values;
    }

    /** Returns a copy of a buffer, once the device has done what was submitted before. */
    private readBuffer(buffer: GpuBuffer): ArrayBuffer {
      const { size } = buffer;
      const staging = this.bufferManager.acquireBuffer(size, USAGE_MAP_READ | USAGE_COPY_DESTINATION);
      this.ensureCommandEncoderReady();
      this.endComputePassEncoder();
      this.commandEncoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
      this.submitQueue();
      // What became of it is read from mapState, before the promise settles.
      staging.mapAsync(MODE_READ).catch(() => undefined);
      for (processEvents(); staging.mapState === 'pending'; processEvents())
        Atomics.wait(pause, 0, 0, POLL_MILLISECONDS);
      throwFailure();
      if (staging.mapState !== 'mapped') throw lostError('its memory cannot be read');
      const values = staging.getMappedRange().slice(0);
      staging.unmap();
      this.bufferManager.releaseBuffer(staging);
      return values;
    }
  }

  /** Throws the first error of the device since the last one that was thrown. */
  function throwFailure(): void {
    const thrown = failure;
    if (thrown === null) return;
    failure = null;
    throw thrown;
  }

  return new WebgpuBackend(device, info);
}

const SMALLER = 'give a smaller batch, a smaller size or a smaller network';
const resources = errorFactory('RESOURCES', 'compute on webgpu');
const dependency = errorFactory('DEPENDENCY', 'compute on webgpu');

const mebibytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;

const tooLarge = (limit: number, bytes: number, shape: readonly number[]) =>
  resources('tensor', `at most the ${mebibytes(limit)} of the adapter`, `${mebibytes(bytes)} ([${shape}])`, SMALLER);

function deviceError(error: Error): PxvError {
  const [problem] = error.message.split('\n');
  if (error.constructor.name === 'GPUOutOfMemoryError')
    return resources('memory', 'an adapter with memory for all tensors', problem || 'too little', SMALLER);
  return dependency('device', 'an operation that the adapter can run', problem, 'use --backend native');
}

const lostError = (received: string) =>
  dependency('device', 'a device that computes', `a lost device (${received})`, 'run again, or use --backend native');
