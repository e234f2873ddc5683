// Builds the native addon with node-gyp. Where that is not possible it says so in one line and succeeds: the
// TypeScript kernels compute the same.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, 'build', 'Release', 'pxv.node');

const runs = (command) => {
  const [program, ...options] = command.split(' ');
  return spawnSync(program, [...options, '--version'], { stdio: 'ignore' }).status === 0;
};

const needs = [
  { name: 'C++ compiler', commands: process.env.CXX ? [process.env.CXX] : ['g++', 'c++'] },
  { name: 'make', commands: [process.env.MAKE ?? 'make'] },
  { name: 'Python 3', commands: process.env.PYTHON ? [process.env.PYTHON] : ['python3', 'python'] },
];

/** Why there is no addon, or undefined where it was built. */
function build() {
  const missing = needs.filter(({ commands }) => !commands.some(runs)).map(({ name }) => name);
  if (missing.length > 0) return `no ${missing.join(' and no ')} found`;

  let nodeGyp;
  try {
    nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return 'no node-gyp found';
  }
  const options = ['configure', 'build', '-j', String(availableParallelism())];
  // Node's own headers, where they were installed with it; otherwise node-gyp downloads them.
  const prefix = dirname(dirname(process.execPath));
  if (!process.env.npm_config_nodedir && existsSync(join(prefix, 'include', 'node', 'node_api.h')))
    options.push(`--nodedir=${prefix}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [nodeGyp, ...options], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  if (status === 0) return undefined;
  const lines = `${stdout}\n${stderr}`.split('\n');
  const cause = lines.find((line) => /\berror:|^gyp ERR! stack /.test(line)) ?? 'node-gyp failed';
  return `the build failed (${cause.replace(/^gyp ERR! stack /, '').trim()})`;
}

const problem = build();
if (problem) {
  rmSync(addon, { force: true });
  console.error(
    `pxv: native addon skipped: ${problem}; the TypeScript kernels will be used (slower). ` +
      'Install g++, make and python3, then run: npm run build',
  );
} else {
  console.error(`pxv: native addon built (${Math.round(statSync(addon).size / 1024)} KiB)`);
}
