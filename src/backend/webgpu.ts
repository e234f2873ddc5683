import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { runInThisContext } from 'node:vm';
import { isClone } from '../foundation/build-command.js';
import { errorFactory } from '../foundation/errors.js';
import { orNull } from '../foundation/or-null.js';
import { tf } from '../foundation/tfjs.js';
import { createWebgpuBackend, type AdapterInfo, type GpuDevice, type WebgpuBackendClass } from './webgpu-backend.js';
import { registerWebgpuKernels } from './webgpu-kernels.js';

/** npm package of Dawn, the implementation of WebGPU in Chrome, for Node.js. An optional peer dependency. */
const DAWN = 'webgpu';
/** npm package of the tfjs backend. An optional peer dependency. */
const TFJS_BACKEND = '@tensorflow/tfjs-backend-webgpu';
/** npm packages of the backend `webgpu`, with the versions that are tested. */
const PACKAGES = { [DAWN]: '0.6', [TFJS_BACKEND]: '4.22.0' };

/**
 * Command that installs both packages of the backend `webgpu`. In a clone, npm 11 takes an optional peer for installed
 * unless it is saved as a development dependency.
 */
export const INSTALL_WEBGPU_COMMAND = [
  'npm install',
  ...(isClone() ? ['--save-dev'] : []),
  ...Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`),
].join(' ');

/** Remedy for a machine without an adapter. */
export const ADAPTER_REMEDY =
  'install a Vulkan driver of the GPU, or a software adapter (Debian: apt-get install mesa-vulkan-drivers)';

/** Facts about an adapter: a GPU, or software in its place. */
export interface AdapterFacts {
  /** Name of the GPU or of the software. */
  name: string;
  /** Name and version of the driver. */
  driver: string;
  /** True if a CPU computes in place of a GPU. */
  isSoftware: boolean;
}

interface Gpu {
  requestAdapter(options: object): Promise<GpuAdapter | null>;
}

interface GpuAdapter {
  info: AdapterInfo;
  limits: Record<string, number>;
  requestDevice(descriptor: object): Promise<GpuDevice>;
}

interface Dawn {
  create(options: string[]): Gpu;
  globals: Record<string, unknown>;
}

/** Options of `requestAdapter`: a GPU of its own comes before that of the processor. */
const ADAPTER_OPTIONS = { powerPreference: 'high-performance' };

/** Limits that a device gets as high as its adapter has them; the defaults of WebGPU are lower. */
const LIMITS = [
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
];

const require = createRequire(import.meta.url);

/** Returns the names of the packages of the backend `webgpu` that are not installed. */
export function missingWebgpuPackages(): string[] {
  return Object.keys(PACKAGES).filter((name) => orNull(() => require.resolve(name)) === null);
}

/**
 * Registers the backend `webgpu` with tfjs, on the first adapter of this machine. Does nothing if it is registered.
 * @returns the adapter
 * @throws PxvError `DEPENDENCY` if a package is not installed or does not load, or the machine has no adapter
 */
export async function importWebgpu(): Promise<AdapterFacts> {
  if (registered !== null) return registered.facts;
  const missing = missingWebgpuPackages();
  if (missing.length > 0) throw unusable(missing.join(' and '), 'nothing installed', `run: ${INSTALL_WEBGPU_COMMAND}`);
  const dawn = await loadDawn();
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter(ADAPTER_OPTIONS);
  if (adapter === null) throw unusable('an adapter, a GPU or software in its place', 'none', ADAPTER_REMEDY);
  // The backend looks for the classes and constants of WebGPU where browsers have them.
  Object.assign(globalThis, dawn.globals);
  const { device, processEvents } = await openDevice(adapter);
  const { WebGPUBackend } = require(TFJS_BACKEND) as { WebGPUBackend: WebgpuBackendClass };
  const backend = withNavigator(gpu, () => createWebgpuBackend(WebGPUBackend, device, adapter.info, processEvents));
  tf.registerBackend('webgpu', () => backend);
  registerWebgpuKernels();
  registered = { facts: factsOf(adapter.info), gpu };
  return registered.facts;
}

/**
 * Adapter of the registered backend, or null. Holds a reference to `gpu`: if `gpu` were garbage-collected, Dawn could
 * no longer handle its events.
 */
let registered: { facts: AdapterFacts; gpu: Gpu } | null = null;

async function loadDawn(): Promise<Dawn> {
  try {
    return (await import(DAWN)) as Dawn;
  } catch (error) {
    const [cause] = (error as Error).message.split('\n');
    throw unusable(`${DAWN} to load`, cause, `run: ${INSTALL_WEBGPU_COMMAND}`);
  }
}

/**
 * Opens a device of an adapter.
 * @returns the device, and a function that handles the events of Dawn that have happened, without the event loop of
 *   Node.js
 */
async function openDevice(adapter: GpuAdapter): Promise<{ device: GpuDevice; processEvents: () => void }> {
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  // Dawn handles its events in a function that it gives to setImmediate while a device is requested. It takes
  // setImmediate from the main context: Jest runs this file in another.
  const main = runInThisContext('globalThis') as { setImmediate: typeof setImmediate };
  const { setImmediate: original } = main;
  let processEvents: (() => void) | null = null;
  main.setImmediate = ((callback: () => void) => original((processEvents = callback))) as typeof setImmediate;
  let opened: Promise<GpuDevice>;
  try {
    opened = adapter.requestDevice({ requiredLimits });
  } finally {
    main.setImmediate = original;
  }
  const device = await opened.catch((error: Error) => {
    throw unusable('an adapter that opens a device', error.message, ADAPTER_REMEDY);
  });
  if (processEvents === null) throw unusable(`${DAWN} ${PACKAGES[DAWN]}`, 'another', `run: ${INSTALL_WEBGPU_COMMAND}`);
  return { device, processEvents };
}

/** Runs `make` while `navigator.gpu` is `gpu`: the backend of tfjs refuses to be made where a browser has none. */
function withNavigator<T>(gpu: Gpu, make: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return make();
  } finally {
    if (before === undefined) delete (globalThis as { navigator?: unknown }).navigator;
    else Object.defineProperty(globalThis, 'navigator', before);
  }
}

function factsOf({ device, description, isFallbackAdapter = false }: AdapterInfo): AdapterFacts {
  return { name: device || 'without a name', driver: description, isSoftware: isFallbackAdapter };
}

/**
 * Finds the adapter that `importWebgpu` takes. Asks for the adapter in a separate process, since an incompatible driver
 * may crash the process, and kills the process after 60 s. Requires both packages of WebGPU to be installed.
 * @returns null if the machine has no adapter
 * @throws the error of `execFile` if the process fails, is killed or is aborted
 */
export async function probeWebgpu(signal?: AbortSignal): Promise<AdapterFacts | null> {
  const args = ['--input-type=module', '--eval', PROBE_SCRIPT, require.resolve(DAWN), JSON.stringify(ADAPTER_OPTIONS)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal, timeout: PROBE_SECONDS * 1000 });
  const info = JSON.parse(stdout) as AdapterInfo | null;
  return info === null ? null : factsOf(info);
}

const PROBE_SECONDS = 60;

/** Script that prints facts about the adapter of Dawn, whose path is `argv[1]`, as JSON; null: no adapter. */
const PROBE_SCRIPT = `
import { pathToFileURL } from 'node:url';
const { create } = await import(pathToFileURL(process.argv[1]));
const adapter = await create([]).requestAdapter(JSON.parse(process.argv[2]));
const { device, description, isFallbackAdapter } = adapter?.info ?? {};
console.log(JSON.stringify(adapter && { device, description, isFallbackAdapter }));
`;

const unusable = (expected: string, received: string, remedy: string) =>
  errorFactory('DEPENDENCY', 'choose backend')('webgpu', expected, received, remedy);
