import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import { isClone } from '../foundation/build-command.js';
import { errorFactory } from '../foundation/errors.js';

/** Optional peers, the one for GPUs first; importing one registers the backend `tensorflow`. */
export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/**
 * What makes one of them installed, and then a binding for it, typed one after the other. In a clone npm 11 takes an optional peer for
 * installed, unless it is asked to be kept for development.
 */
export const INSTALL_PACKAGE = `npm install ${isClone() ? '--save-dev ' : ''}--ignore-scripts ${TENSORFLOW_PACKAGES[1]}`;
export const INSTALL_BINDING = 'pxv backends install tensorflow';

/** An npm package of TensorFlow that is installed where pxv finds it. */
export interface TensorflowPackage {
  name: string;
  version: string;
  folder: string;
  /** The addon that joins Node.js to TensorFlow's library; it need not be there. */
  binding: string;
  /** Version of Node-API that it is for. */
  napi: number;
}

interface PackageFacts {
  version: string;
  binary: { module_path: string; module_name: string; napi_versions: number[] };
}

/** The first of the packages that is installed, or null. */
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
  // As the package chooses: the highest that this Node.js has too.
  const napi = Math.max(...binary.napi_versions.filter((one) => one <= Number(process.versions.napi)));
  const place = binary.module_path.replace('{napi_build_version}', String(napi));
  return { name, version, folder, binding: join(folder, place, `${binary.module_name}.node`), napi };
}

/**
 * Registers the backend `tensorflow` and puts it in use.
 * @throws PxvError `DEPENDENCY` where no package is installed, or its binding is not there or does not load
 */
export async function importTensorflow(): Promise<void> {
  const installed = findTensorflowPackage();
  if (installed === null) throw unusable(TENSORFLOW_PACKAGES.join(' or '), 'neither is installed', INSTALL_PACKAGE);
  const { name, binding } = installed;
  if (!existsSync(binding)) throw unusable(`a binding of ${name}`, `no ${binding}`, INSTALL_BINDING);
  for (const [missing, value] of Object.entries(GONE))
    if (!(missing in util)) Object.assign(util, { [missing]: value });
  // What it has to say of this CPU would stand between the lines of a command's progress.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    await import(name);
  } catch (error) {
    const [cause] = (error as Error).message.split('\n');
    throw unusable(`${name} to load`, cause, `${INSTALL_BINDING} --overwrite`);
  }
}

/** Functions of `util` that both packages call, and that Node.js 23 took away. */
const GONE = { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray };

/** What TensorFlow says of itself. */
export interface TensorflowFacts {
  /** Of the library. */
  version: string;
  /** Whether it computes on a GPU. */
  gpu: boolean;
}

/**
 * A script that loads the package in a folder, multiplies two matrices and prints `TensorflowFacts` as JSON: run apart, since
 * a library that does not fit may crash.
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
