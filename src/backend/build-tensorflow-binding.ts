import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import {
  findTensorflowPackage,
  INSTALL_PACKAGE_COMMAND,
  PROBE_SCRIPT,
  TENSORFLOW_PACKAGES,
  type TensorflowFacts,
  type TensorflowPackage,
} from './tensorflow.js';
import { errorFactory } from '../foundation/errors.js';
import { makeFolder } from '../foundation/make-folder.js';
import { checkWritable } from '../foundation/write-file.js';

/** Options for building the TensorFlow binding. */
export interface BuildBindingOptions {
  /**
   * Python whose wheel is used. Default: of the active virtual environment's Python, `python3` and `python`, the first
   * that has a TensorFlow wheel.
   */
  python?: string | undefined;
  /** True to replace an existing binding. Default: false, an existing binding is an error. */
  overwrite?: boolean | undefined;
  /**
   * npm package of TensorFlow to build for; null: none, which is an error. Default: the first of `TENSORFLOW_PACKAGES`
   * that is installed.
   */
  installed?: TensorflowPackage | null | undefined;
  /** Called with a description of each step as it begins. */
  onStep?: ((what: string) => void) | undefined;
  /** Signal that aborts the build: the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Result of building the TensorFlow binding. */
export interface BuiltBinding extends TensorflowFacts {
  /** Name of the npm package. */
  package: string;
  /** Version of the npm package. */
  packageVersion: string;
  /** Folder of the wheel, with its libraries and headers. */
  wheel: string;
  /** Path of the Python that has the wheel. */
  python: string;
  /** Command of the C++ compiler. */
  compiler: string;
  /** Path of the new binding. */
  binding: string;
}

const WHEELS = 'tensorflow-cpu, or "tensorflow[and-cuda]" for an NVIDIA GPU';
const INSTALL_WHEEL = `pip install tensorflow-cpu`;

/** Python script that prints the interpreter and its TensorFlow wheel as JSON, without importing TensorFlow. */
const FIND_WHEEL = `
import importlib.util, json, sys
spec = importlib.util.find_spec("tensorflow")
places = list(spec.submodule_search_locations or []) if spec else []
print(json.dumps({"python": sys.executable, "wheel": places[0] if places else None}))
`;

const wheelSchema = z.object({ python: z.string(), wheel: z.string().nullable() });

/**
 * Builds and tests the binding of an installed `@tensorflow/tfjs-node` or `-gpu` against the library in an installed
 * Python wheel of TensorFlow, which has its C API. The package's own binding needs a library of 2022 (for GPUs of CUDA
 * 11.2), from one server.
 * @throws PxvError `DEPENDENCY` if the package, the wheel, a compiler or headers are missing, or on Windows; also if
 *   the new binding does not work: then the old binding is restored. `OUTPUT` if a binding exists and `overwrite` is
 *   not set, or if it cannot be written; the signal's reason if aborted
 */
export async function buildTensorflowBinding(options: BuildBindingOptions = {}): Promise<BuiltBinding> {
  const { onStep, signal, overwrite = false, installed = findTensorflowPackage() } = options;
  if (process.platform === 'win32') throw unable('this system', 'Linux or macOS', 'Windows', 'use the native backend');
  if (installed === null) {
    throw unable(
      'npm package',
      TENSORFLOW_PACKAGES.join(' or '),
      'neither is installed',
      `run: ${INSTALL_PACKAGE_COMMAND}`,
    );
  }
  const { name, version, folder, binding, napi } = installed;
  if (existsSync(binding) && !overwrite) {
    const remedy = 'try it with: pxv doctor --backend tensorflow; or replace it by --overwrite';
    throw errorFactory('OUTPUT', 'install backend')(binding, 'no binding yet', 'one', remedy);
  }
  onStep?.('looking for a wheel of TensorFlow');
  const { python, wheel } = await findWheel(options.python, signal);
  const headers = nodeHeaders();
  const compiler = await findCompiler(signal);
  onStep?.(`compiling the binding of ${name}`);
  const libraries = ['cc', 'framework'].map((part) => join(wheel, library(part)));
  checkWritable(binding);
  makeFolder(dirname(binding));
  const made = `${binding}.${process.pid}.new`;
  const before = `${binding}.${process.pid}.before`;
  const args = [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', `-DNAPI_VERSION=${napi}`],
    ...[headers, join(wheel, 'include'), folder].map((path) => `-I${path}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(folder, 'binding', file)),
    ...['-o', made, ...libraries, '-Xlinker', '-rpath', '-Xlinker', wheel],
    ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
  ];
  try {
    await execute(compiler, args, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw unable(compiler, 'a compiler of C++17', firstError(error), 'install g++, or name a compiler in CXX');
    });
    onStep?.('testing the binding');
    if (existsSync(binding)) await rename(binding, before);
    try {
      await rename(made, binding);
      const facts = await probeTensorflow(installed, signal);
      await rm(before, { force: true });
      return { package: name, packageVersion: version, ...facts, wheel, python, compiler, binding };
    } catch (error) {
      await rm(binding, { force: true });
      if (existsSync(before)) await rename(before, binding);
      signal?.throwIfAborted();
      throw unable(name, `a binding that works with ${wheel}`, firstError(error), 'use another release of the wheel');
    }
  } finally {
    await rm(made, { force: true });
  }
}

/**
 * Loads a TensorFlow package in a process of its own and returns its facts. The process is killed after 120 s, as a
 * driver that does not fit may hang.
 * @throws the error of `execFile` if the process fails, is killed or is aborted
 */
export async function probeTensorflow(installed: TensorflowPackage, signal?: AbortSignal): Promise<TensorflowFacts> {
  const printed = await execute(process.execPath, ['--eval', PROBE_SCRIPT, installed.folder], signal, PROBE_SECONDS);
  return JSON.parse(printed) as TensorflowFacts;
}

const PROBE_SECONDS = 120;

async function findWheel(asked: string | undefined, signal?: AbortSignal) {
  const environment = process.env.VIRTUAL_ENV;
  const pythons = asked ? [asked] : [...(environment ? [join(environment, 'bin', 'python')] : []), 'python3', 'python'];
  const without: string[] = [];
  for (const python of pythons) {
    const found = await execute(python, ['-c', FIND_WHEEL], signal)
      .then((printed) => wheelSchema.parse(JSON.parse(printed)))
      .catch((error: unknown) => {
        signal?.throwIfAborted();
        const received = (error as { code?: unknown }).code === 'ENOENT' ? 'no such program' : 'another program';
        if (asked) throw unable(asked, 'a Python', received, 'give the path of a Python with --python');
        return null;
      });
    if (found === null) continue;
    if (found.wheel !== null) return { python: found.python, wheel: complete(found.wheel) };
    without.push(found.python);
  }
  const install = without.length > 0 ? `${without[0]} -m ${INSTALL_WHEEL}` : INSTALL_WHEEL;
  const received = without.length > 0 ? `none for ${without.join(', ')}` : `no Python (${pythons.join(', ')})`;
  throw unable('wheel', WHEELS, received, `run: ${install}, or name its Python with --python`);
}

/** Returns `wheel` if its folder holds all that a binding needs. @throws PxvError `DEPENDENCY` if not */
function complete(wheel: string): string {
  const needed = [library('cc'), library('framework'), join('include', 'tensorflow', 'c', 'eager', 'c_api.h')];
  const missing = needed.filter((path) => !existsSync(join(wheel, path)));
  if (missing.length === 0) return wheel;
  throw unable('wheel', `${needed.join(', ')} in ${wheel}`, `no ${missing.join(', no ')}`, 'install a newer wheel');
}

function library(part: string): string {
  return process.platform === 'darwin' ? `libtensorflow_${part}.2.dylib` : `libtensorflow_${part}.so.2`;
}

/** Returns the folder of Node-API's headers: those that came with Node.js. */
function nodeHeaders(): string {
  const prefix = process.env.npm_config_nodedir ?? dirname(dirname(process.execPath));
  const places = [join(prefix, 'include', 'node'), '/usr/include/node', '/usr/local/include/node'];
  const found = places.find((place) => existsSync(join(place, 'node_api.h')));
  if (found !== undefined) return found;
  const remedy = "install Node.js's headers, or name the prefix of some in npm_config_nodedir";
  throw unable('Node.js', `node_api.h in ${places.join(' or ')}`, 'none', remedy);
}

async function findCompiler(signal?: AbortSignal): Promise<string> {
  const compilers = process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++'];
  for (const compiler of compilers) {
    const version = await execute(compiler, ['--version'], signal).catch(() => null);
    signal?.throwIfAborted();
    if (version !== null) return compiler;
  }
  throw unable('compiler', compilers.join(' or '), 'none that runs', 'install g++, or name a compiler in CXX');
}

async function execute(program: string, args: readonly string[], signal?: AbortSignal, seconds = 0): Promise<string> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const { stdout } = await promisify(execFile)(program, args, {
    env,
    maxBuffer: 2 ** 26,
    timeout: 1000 * seconds,
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  return stdout;
}

/** Returns the line of a failed program's output that names the error. */
function firstError(error: unknown): string {
  const failure = error as { stderr?: string; code?: unknown; killed?: boolean; signal?: string; message: string };
  const { stderr = '', code, killed = false, signal, message } = failure;
  if (code === 'ENOENT') return 'no such program';
  if (killed) return 'no answer';
  const lines = stderr.split('\n').map((line) => line.trim());
  const ending = signal ? `an end by ${signal}` : message.split('\n')[0];
  return lines.find((line) => /error/i.test(line)) ?? lines.find((line) => line !== '') ?? ending;
}

const unable = errorFactory('DEPENDENCY', 'install backend');
