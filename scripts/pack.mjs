// Makes the packages that are published, as .tgz files: pxv, its addon for each architecture, and the models that are
// rarely used. Only here do the names of the other packages enter the manifest of pxv, under the scope that is asked
// for.
//
// usage: npm run pack -- [--scope @NAME] [--out DIR] [--arch ARCH]...
//   --scope   of the other packages; that of pxv itself is not changed (default: none, as in pxv-linux-x64)
//   --out     default: packages
//   --arch    x64 or arm64, of this operating system (default: of this machine); others are made where they run
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Models to compare with: networks beside which others are better or smaller, and a published protocol's. */
const RARELY_USED = ['cifar-pixel-cnn', 'cifar-row-lstm', 'cifar-diagonal-bilstm', 'moving-mnist'];
/** Where an addon is published for; elsewhere WebAssembly serves, or what `scripts/build-addon.mjs` builds. */
const PUBLISHED = ['linux-x64', 'linux-arm64', 'darwin-arm64'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    scope: { type: 'string' },
    out: { type: 'string', default: 'packages' },
    arch: { type: 'string', multiple: true, default: [process.arch] },
  },
});
const out = resolve(values.out);
const named = (name) => (values.scope ? `${values.scope}/pxv-${name}` : `pxv-${name}`);

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version, license, engines } = manifest;
const temporary = mkdtempSync(join(tmpdir(), 'pxv-pack-'));
try {
  mkdirSync(out, { recursive: true });
  const pxv = join(temporary, 'pxv');
  copy(packedFiles(), pxv);
  for (const arch of values.arch) packAddon(pxv, arch);
  packModels(pxv);
  writeManifest(pxv, publishedManifest());
  pack(pxv);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

/** Returns the files that npm would pack of this folder, without those built for this machine. */
function packedFiles() {
  const { stdout } = run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], root);
  const [{ files }] = JSON.parse(stdout);
  return files.map(({ path }) => path).filter((path) => !path.startsWith('build/'));
}

function copy(paths, to) {
  for (const path of paths) cpSync(join(root, path), join(to, path));
}

/** Built from what is packed, in a copy, so that it is what a user would build. */
function packAddon(pxv, arch) {
  const sources = join(temporary, arch);
  cpSync(pxv, sources, { recursive: true });
  run(process.execPath, ['scripts/build-addon.mjs', '--arch', arch], sources);
  const name = `${process.platform}-${arch}`;
  const folder = join(temporary, name);
  const addon = 'build/Release/pxv.node';
  cpSync(join(sources, addon), join(folder, addon));
  writeManifest(folder, {
    name: named(name),
    version,
    license,
    engines,
    description: `The native addon of pxv for ${name}`,
    os: [process.platform],
    cpu: [arch],
    ...(process.platform === 'linux' ? { libc: ['glibc'] } : {}),
  });
  pack(folder);
}

/** Moves models out of the package into one of their own. */
function packModels(pxv) {
  const folder = join(temporary, 'models');
  for (const name of RARELY_USED) {
    const file = join('models', `${name}.safetensors`);
    cpSync(join(pxv, file), join(folder, file));
    rmSync(join(pxv, file));
  }
  cpSync(join(pxv, 'models', 'README.md'), join(folder, 'README.md'));
  const description = `Models of pxv that are rarely used: ${RARELY_USED.join(', ')}`;
  writeManifest(folder, { name: named('models'), version, license, description });
  pack(folder);
}

function publishedManifest() {
  const { scripts: _, devDependencies: __, gypfile, ...published } = manifest;
  const addons = Object.fromEntries(PUBLISHED.map((name) => [named(name), version]));
  const companions = Object.fromEntries([...PUBLISHED, 'models'].map((purpose) => [purpose, named(purpose)]));
  return {
    ...published,
    gypfile,
    optionalDependencies: { ...published.optionalDependencies, ...addons },
    companions,
  };
}

function writeManifest(folder, content) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);
}

function pack(folder) {
  const { stdout } = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', out], folder);
  const [{ filename }] = JSON.parse(stdout);
  console.log(`${(statSync(join(out, filename)).size / 1e6).toFixed(1).padStart(5)} MB  ${join(out, filename)}`);
}

function run(program, options, cwd) {
  const result = spawnSync(program, options, { cwd, encoding: 'utf8', maxBuffer: Infinity });
  if (result.status === 0) return result;
  throw new Error(`${program} ${options.join(' ')} failed:\n${result.stderr ?? result.error}`);
}
