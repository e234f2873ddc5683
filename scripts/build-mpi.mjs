// Builds the addon that joins ranks over MPI, by the mpicc that is found, or that MPICC names: an addon serves the MPI
// that it was built for. Where there is none, --optional says nothing: only clusters have it. With --out FILE it is
// written there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { optional: { type: 'boolean' }, out: { type: 'string' } } });
const addon = values.out ?? join(root, 'build', 'Release', 'pxv-mpi.node');
const compiler = process.env.MPICC ?? 'mpicc';

/** Node's headers: those that it was installed with, else those that node-gyp has found for the other addon. */
function headers() {
  const gypi = join(root, 'build', 'config.gypi');
  const found = existsSync(gypi) ? /"nodedir": "(.+?)"/.exec(readFileSync(gypi, 'utf8'))?.[1] : undefined;
  const prefixes = [process.env.npm_config_nodedir, dirname(dirname(process.execPath)), found];
  return prefixes
    .filter(Boolean)
    .map((prefix) => join(prefix, 'include', 'node'))
    .find((folder) => existsSync(join(folder, 'node_api.h')));
}

/** Why there is no addon and what to do about it; undefined where it was built. */
function build() {
  if (spawnSync(compiler, ['-show'], { stdio: 'ignore' }).status !== 0)
    return { why: `no ${compiler}`, remedy: "install an MPI with its compiler, such as Debian's libopenmpi-dev" };
  const include = headers();
  if (include === undefined) return { why: "no headers of Node's", remedy: 'build the other addon first' };
  mkdirSync(dirname(addon), { recursive: true });
  const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-fPIC'];
  const options = ['-std=c11', '-O2', '-Wall', '-Wextra', ...shared, '-DNAPI_VERSION=8', `-I${include}`];
  const { status, stderr } = spawnSync(compiler, [...options, join(root, 'native', 'mpi', 'addon.c'), '-o', addon], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  const cause = stderr.split('\n').find((line) => /\berror\b/.test(line)) ?? stderr;
  return { why: `${compiler} failed (${cause.trim()})`, remedy: 'see what it says' };
}

const problem = build();
if (problem === undefined) {
  console.error(`pxv: MPI addon built by ${compiler}`);
} else {
  const isAbsent = problem.why.startsWith('no ');
  // An addon of an older source may not fit.
  rmSync(addon, { force: true });
  if (!values.optional || !isAbsent)
    console.error(
      `pxv: MPI addon skipped: ${problem.why}; to have it, ${problem.remedy}, then run: node "${process.argv[1]}"`,
    );
  if (!values.optional) process.exitCode = 1;
}
