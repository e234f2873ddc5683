// Builds the native addon with node-gyp: in a clone, and in a package that was installed. Where that is not possible it
// says why in one line; with --optional it then succeeds, since WebAssembly computes the same. With --arch ARCH (x64,
// arm64) it is built for another machine, on Linux by the cross compiler that Debian calls g++-aarch64-linux-gnu or
// g++-x86-64-linux-gnu.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeKernelTable } from './write-kernel-table.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, 'build', 'Release', 'pxv.node');
/** Where Node.js was installed. */
const prefix = dirname(dirname(process.execPath));

const isOptional = process.argv.includes('--optional');
const arch = process.argv.includes('--arch') ? process.argv[process.argv.indexOf('--arch') + 1] : process.arch;
const crossCompilers = { arm64: 'aarch64-linux-gnu-', x64: 'x86_64-linux-gnu-' };
if (arch !== process.arch && !process.env.CXX && process.platform === 'linux') {
  process.env.CC = `${crossCompilers[arch]}gcc`;
  process.env.CXX = `${crossCompilers[arch]}g++`;
}

const runs = (command) => {
  const [program, ...options] = command.split(' ');
  return spawnSync(program, [...options, '--version'], { stdio: 'ignore' }).status === 0;
};

const needs = [
  { name: 'C++ compiler', commands: process.env.CXX ? [process.env.CXX] : ['g++', 'c++'] },
  { name: 'make', commands: [process.env.MAKE ?? 'make'] },
  { name: 'Python 3', commands: process.env.PYTHON ? [process.env.PYTHON] : ['python3', 'python'] },
];

/** Returns the path of a file of node-gyp: of pxv's own in a clone, else of the npm that comes with Node.js. */
function findNodeGyp() {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => ['node-gyp', 'npm'].map((name) => join(folder, name)))
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path));
  const npm = join('node_modules', 'npm', 'package.json');
  const besideNode = [join(prefix, 'lib', npm), join(dirname(process.execPath), npm)];
  for (const from of [fileURLToPath(import.meta.url), process.env.npm_execpath, ...besideNode, ...onPath]) {
    if (!from) continue;
    try {
      return createRequire(from).resolve('node-gyp/bin/node-gyp.js');
    } catch {
      // The next package manager may have node-gyp.
    }
  }
  return undefined;
}

/** Why there is no addon and what to do about it, or undefined where it was built. */
async function build() {
  const missing = needs.filter(({ commands }) => !commands.some(runs)).map(({ name }) => name);
  if (missing.length > 0)
    return { why: `no ${missing.join(' and no ')} found`, remedy: 'install g++, make and python3' };

  try {
    await writeKernelTable();
  } catch (error) {
    return { why: `what was compiled of TypeScript cannot be read (${error.message})`, remedy: 'compile it again' };
  }
  const nodeGyp = findNodeGyp();
  if (!nodeGyp) return { why: 'no node-gyp found', remedy: 'install npm, which brings it' };

  const options = ['configure', 'build', `--arch=${arch}`, '-j', String(availableParallelism())];
  // Node's own headers, where they were installed with it; otherwise node-gyp downloads them.
  const headers = join(prefix, 'include', 'node');
  const hasHeaders = Boolean(process.env.npm_config_nodedir) || existsSync(join(headers, 'node_api.h'));
  if (hasHeaders && !process.env.npm_config_nodedir) options.push(`--nodedir=${prefix}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [nodeGyp, ...options], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  if (status === 0) return undefined;
  const lines = `${stdout}\n${stderr}`.split('\n');
  const cause = lines.find((line) => /\berror:|^gyp ERR! stack /.test(line)) ?? 'node-gyp failed';
  return {
    why: `the build failed (${cause.replace(/^gyp ERR! stack /, '').trim()})`,
    remedy: hasHeaders
      ? 'install a g++ that knows C++20'
      : `go online, or install Node's headers in ${headers} or name their prefix in npm_config_nodedir`,
  };
}

const problem = await build();
if (problem) {
  // After a change of the code an older one would not fit; one that came with the package does.
  if (isOptional) rmSync(addon, { force: true });
  const again = process.env.npm_lifecycle_event ? 'npm run build' : `node "${process.argv[1]}"`;
  console.error(
    `pxv: native addon skipped: ${problem.why}; the kernels in WebAssembly will be used: training takes some 3 ` +
      'times as ' +
      `long. To have the addon, ${problem.remedy}, then run: ${again}`,
  );
  if (!isOptional) process.exitCode = 1;
} else {
  console.error(`pxv: native addon built (${Math.round(statSync(addon).size / 1024)} KiB)`);
}
