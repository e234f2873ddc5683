// Bundles the page into dist/page, which `pxv page` serves with files of the package beside it. With --out it writes
// the same page as a folder of static files, those included, that any host can serve.
//
// usage: node scripts/build-page.mjs [--out DIR]
import { build } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { out: { type: 'string' } } });
const source = join(root, 'page');
const built = join(root, 'dist', 'page');

rmSync(built, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['main.ts', 'worker.ts', 'page.css'].map((name) => join(source, name)),
  outdir: built,
  absWorkingDir: root,
  bundle: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
for (const name of ['index.html', 'icon.svg', 'beside.json']) cpSync(join(source, name), join(built, name));
writeFileSync(join(built, 'licences.txt'), licences(Object.keys(metafile.inputs)));

if (values.out !== undefined) {
  const out = resolve(values.out);
  if (existsSync(out) && !existsSync(join(out, 'beside.json')) && readdirSync(out).length > 0) {
    console.error(
      `build page: ${out}: expected no folder, or one of an earlier build, received another; choose another --out`,
    );
    process.exit(1);
  }
  cpSync(built, out, { recursive: true });
  for (const [name, path] of Object.entries(JSON.parse(readFileSync(join(built, 'beside.json'), 'utf8')))) {
    mkdirSync(dirname(join(out, name)), { recursive: true });
    cpSync(join(root, path), join(out, name));
  }
  console.log(out);
}

/** Returns the licence texts that must accompany a bundle of packages. */
function licences(inputs) {
  const folders = inputs.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  const parts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license, homepage, repository } = JSON.parse(
      readFileSync(join(root, folder, 'package.json')),
    );
    const where = (repository?.url ?? repository ?? homepage).replace(/^git\+/, '');
    return [`${name} ${version}, unmodified, ${license}; its source: ${where}`, textOfLicence(join(root, folder))];
  });
  const own = [`pxv, MIT`, textOfLicence(root)];
  return [own, ...parts].map((lines) => lines.filter(Boolean).join('\n\n')).join(`\n\n${'-'.repeat(80)}\n\n`);
}

/** Null where a package has it in its sources alone. */
function textOfLicence(folder) {
  const name = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  return name === undefined ? null : readFileSync(join(folder, name), 'utf8').trim();
}
