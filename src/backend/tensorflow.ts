import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import { isClone } from '../foundation/build-command.js';
import { errorFactory } from '../foundation/errors.js';

/**
 * npm packages of TensorFlow, optional peer dependencies, the GPU package first. Importing a package registers the
 * backend `tensorflow`.
 */
export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/**
 * Command that installs a TensorFlow package. In a clone, npm 11 takes an optional peer for installed unless it is
 * saved as a development dependency.
 */
const SAVE_DEV = isClone() ? '--save-dev ' : '';
/** Command that installs the npm package `@tensorflow/tfjs-node` without its binding. */
export const INSTALL_PACKAGE_COMMAND = `npm install ${SAVE_DEV}--ignore-scripts ${TENSORFLOW_PACKAGES[1]}`;
/** Command that builds the binding of an installed TensorFlow package. */
export const INSTALL_BINDING_COMMAND = 'pxv backends install tensorflow';

/** Installed npm package of TensorFlow. */
export interface TensorflowPackage {
  name: string;
  version: string;
  /** Path of the installed package. */
  folder: string;
  /** Path of the addon that joins Node.js to TensorFlow's library. The file may be missing. */
  binding: string;
  /** Version of Node-API that the binding is for. */
  napi: number;
}

interface PackageFacts {
  version: string;
  binary: { module_path: string; module_name: string; napi_versions: number[] };
}

/** Returns the first of `TENSORFLOW_PACKAGES` that is installed, or null. */
export function findTensorflowPackage(): TensorflowPackage | null {
  const { resolve } = createRequire(import.meta.url);
  for (const name of TENSORFLOW_PACKAGES) {
    try {
      return packageAt(name, dirname(resolve(`${name}/package.json`)));
    } catch {
      // The next one may be.
    }
  }
  return null;
}

function packageAt(name: string, folder: string): TensorflowPackage {
  const { version, binary } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFacts;
  // As the package itself chooses: the highest version that this Node.js supports too.
  const napi = Math.max(...binary.napi_versions.filter((one) => one <= Number(process.versions.napi)));
  const place = binary.module_path.replace('{napi_build_version}', String(napi));
  return { name, version, folder, binding: join(folder, place, `${binary.module_name}.node`), napi };
}

/**
 * Registers the backend `tensorflow` with tfjs.
 * @throws PxvError `DEPENDENCY` if no package is installed, or its binding is missing or does not load
 */
export async function importTensorflow(): Promise<void> {
  const installed = findTensorflowPackage();
  if (installed === null)
    throw unusable(TENSORFLOW_PACKAGES.join(' or '), 'neither is installed', INSTALL_PACKAGE_COMMAND);
  const { name, binding } = installed;
  if (!existsSync(binding)) throw unusable(`a binding of ${name}`, `no ${binding}`, INSTALL_BINDING_COMMAND);
  for (const [missing, value] of Object.entries(GONE))
    if (!(missing in util)) Object.assign(util, { [missing]: value });
  // TensorFlow's messages about this CPU would interrupt the progress lines of a command.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    await import(name);
  } catch (error) {
    const [cause] = (error as Error).message.split('\n');
    throw unusable(`${name} to load`, cause, `${INSTALL_BINDING_COMMAND} --overwrite`);
  }
}

/** Polyfills of functions of `util` that both packages call, and that Node.js 23 removed. */
const GONE = { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray };

/** Facts that TensorFlow reports. */
export interface TensorflowFacts {
  /** Version of the library. */
  version: string;
  /** True if TensorFlow computes on a GPU. */
  gpu: boolean;
}

/**
 * Script that loads the package in the folder `argv[1]`, multiplies two matrices and prints `TensorflowFacts` as JSON.
 * Run in a process of its own, as a library that does not fit may crash.
 */
export const PROBE_SCRIPT = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value == null;
util.isArray ??= Array.isArray;
const tf = require(process.argv[1]);
const { binding, isUsingGpuDevice } = tf.backend();
if (tf.matMul([[2, 3]], [[4], [5]]).dataSync()[0] !== 23) throw new Error('a wrong product');
console.log(JSON.stringify({ version: binding.TF_Version, gpu: isUsingGpuDevice }));
`;

const unusable = (expected: string, received: string, command: string) =>
  errorFactory('DEPENDENCY', 'choose backend')('tensorflow', expected, received, `run: ${command}`);
