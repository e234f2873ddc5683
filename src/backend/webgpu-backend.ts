import type { backend_util, DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { tf } from '../foundation/tfjs.js';

/** Device of WebGPU, as far as the backend uses one. */
export interface GpuDevice {
  limits: { maxStorageBufferBindingSize: number };
  lost: Promise<{ reason: string; message: string }>;
  addEventListener(type: 'uncapturederror', listener: (event: DeviceErrorEvent) => void): void;
}

interface DeviceErrorEvent {
  error: Error;
  preventDefault(): void;
}

interface GpuBuffer {
  size: number;
  mapState: 'unmapped' | 'pending' | 'mapped';
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
}

/** Program of WGSL, as `runWebGPUProgram` of tfjs 4.22.0 takes it. */
export interface WebgpuProgram {
  outputShape: number[];
  /** Key of the code; shapes are uniforms. */
  shaderKey: string;
  variableNames: string[];
  /** Numbers that an element of each variable, and of the output, has. */
  variableComponents: number[];
  outputComponent: number;
  /** Fields of the uniforms, in WGSL, beside the shapes. */
  uniforms: string;
  workgroupSize: [number, number, number];
  dispatch: [number, number, number];
  dispatchLayout: { x: number[]; y: number[]; z: number[] };
  size: boolean;
  getUserCode: () => string;
}

/** Backend that runs programs. */
export interface WebgpuPrograms {
  /** @param uniforms values of the program's uniforms, in their order */
  runWebGPUProgram(
    program: WebgpuProgram,
    inputs: TensorInfo[],
    dtype: DataType,
    uniforms: { type: 'int32'; data: number[] }[],
  ): TensorInfo;
}

/** Members of `WebGPUBackend` of tfjs 4.22.0 that are read or replaced here. */
interface TfjsWebgpuBackend extends KernelBackend, WebgpuPrograms {
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
  values?: backend_util.BackendValues | null;
  resource?: GpuBuffer | null;
}

/** Facts of WebGPU about an adapter. */
export interface AdapterInfo {
  /** Name of the GPU. */
  device: string;
  /** Name and version of the driver. */
  description: string;
  /** True if software computes in place of a GPU. Default: false. */
  isFallbackAdapter?: boolean;
}

/** Returns the maximum bytes of a tensor on the adapter in use; null if another backend is in use. */
export function maxTensorBytes(): number | null {
  return (tf.backend() as { maxTensorBytes?: number }).maxTensorBytes ?? null;
}

/** Class `WebGPUBackend` of `@tensorflow/tfjs-backend-webgpu`. */
export type WebgpuBackendClass = new (device: GpuDevice, info: AdapterInfo) => TfjsWebgpuBackend;

// Values of GPUBufferUsage and GPUMapMode in the standard.
const USAGE_MAP_READ = 1;
const USAGE_COPY_DESTINATION = 8;
const MODE_READ = 1;

/** Time between two looks at a buffer that the device has not filled yet, in milliseconds. */
const POLL_MILLISECONDS = 0.2;

/**
 * Maximum number of operations on a software adapter between two turns of the event loop, in which Dawn frees what they
 * bound. llvmpipe maps memory for each. Linux allows a process 65530 maps, beyond which llvmpipe crashes.
 */
const MAX_SOFTWARE_OPERATIONS = 50_000;

/**
 * Creates the backend `webgpu` of tfjs, with what it lacks in Node.js. Tensors can be read synchronously: kernels that
 * run on the host (`runAnywhere`) read their inputs within an operation. Errors of the device, which WebGPU reports
 * later, are thrown by the next read.
 * @param info `info` of the adapter
 * @param processEvents handles the events of the device that have happened
 */
export function createWebgpuBackend(
  Base: WebgpuBackendClass,
  device: GpuDevice,
  info: AdapterInfo,
  processEvents: () => void,
): KernelBackend {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let failure: PxvError | null = null;
  let lost: PxvError | null = null;
  let operations = 0;
  device.addEventListener('uncapturederror', (event) => {
    // Dawn would print the error, too.
    event.preventDefault();
    failure ??= deviceError(event.error);
  });
  void device.lost.then(({ reason, message }) => (lost = lostError(message || reason)));

  class WebgpuBackend extends Base {
    readonly maxTensorBytes = device.limits.maxStorageBufferBindingSize;

    override uploadToGPU(dataId: object): void {
      const { shape } = this.tensorMap.get(dataId);
      const bytes = 4 * tf.util.sizeFromShape(shape);
      if (bytes > this.maxTensorBytes) throw tooLarge(this.maxTensorBytes, bytes, shape);
      super.uploadToGPU(dataId);
    }

    override runWebGPUProgram(...args: Parameters<WebgpuPrograms['runWebGPUProgram']>): TensorInfo {
      if (info.isFallbackAdapter) {
        if (operations === 0) setImmediate(() => (operations = 0));
        if (++operations > MAX_SOFTWARE_OPERATIONS) throw tooMany();
      }
      return super.runWebGPUProgram(...args);
    }

    override async read(dataId: object): Promise<backend_util.BackendValues> {
      const stored = this.tensorMap.get(dataId);
      if (stored.values || !stored.resource) return super.read(dataId);
      const { staging, mapped } = this.copyToStaging(stored.resource);
      await mapped;
      return (stored.values = this.take(staging, stored.dtype));
    }

    override readSync(dataId: object): backend_util.BackendValues {
      const stored = this.tensorMap.get(dataId);
      if (stored.values || !stored.resource) return super.readSync(dataId);
      const { staging } = this.copyToStaging(stored.resource);
      for (processEvents(); staging.mapState === 'pending'; processEvents())
        Atomics.wait(pause, 0, 0, POLL_MILLISECONDS);
      return (stored.values = this.take(staging, stored.dtype));
    }

    /**
     * Submits all work so far, then a copy of a buffer to `staging`. `mapped` settles once the copy is there, or the
     * device is lost.
     */
    private copyToStaging(buffer: GpuBuffer): { staging: GpuBuffer; mapped: Promise<void> } {
      const { size } = buffer;
      const staging = this.bufferManager.acquireBuffer(size, USAGE_MAP_READ | USAGE_COPY_DESTINATION);
      this.ensureCommandEncoderReady();
      this.endComputePassEncoder();
      this.commandEncoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
      this.submitQueue();
      return { staging, mapped: staging.mapAsync(MODE_READ).catch(() => undefined) };
    }

    /**
     * Returns the values of a mapped buffer, and releases the buffer.
     * @throws PxvError `RESOURCES` or `DEPENDENCY`: the first error of the device since the last one that was thrown
     */
    private take(staging: GpuBuffer, dtype: DataType): backend_util.BackendValues {
      const thrown = lost ?? failure;
      failure = null;
      const isMapped = staging.mapState === 'mapped';
      const values = isMapped ? staging.getMappedRange().slice(0) : null;
      if (isMapped) staging.unmap();
      this.bufferManager.releaseBuffer(staging);
      if (thrown !== null) throw thrown;
      if (values === null) throw lostError('its memory cannot be read');
      return tf.util.convertBackendValuesAndArrayBuffer(values, dtype);
    }
  }

  return new WebgpuBackend(device, info);
}

const SMALLER = 'give a smaller batch, a smaller size or a smaller network';
const resources = errorFactory('RESOURCES', 'compute on webgpu');
const dependency = errorFactory('DEPENDENCY', 'compute on webgpu');

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

const tooLarge = (limit: number, bytes: number, shape: readonly number[]) =>
  resources(
    'tensor',
    `at most the ${mebibytes(limit)} of the adapter`,
    `${mebibytes(bytes)} ([${shape.join(', ')}])`,
    SMALLER,
  );

const tooMany = () =>
  resources(
    'step',
    `at most ${MAX_SOFTWARE_OPERATIONS} operations on a software adapter`,
    'more',
    'use --backend native, or a smaller network or batch',
  );

function deviceError(error: Error): PxvError {
  const [problem] = error.message.split('\n');
  if (error.constructor.name === 'GPUOutOfMemoryError')
    return resources('memory', 'an adapter with memory for all tensors', problem || 'too little', SMALLER);
  return dependency('device', 'an operation that the adapter can run', problem, 'use --backend native');
}

const lostError = (received: string) =>
  dependency('device', 'a device that computes', `a lost device (${received})`, 'run again, or use --backend native');
