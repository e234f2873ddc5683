import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const withCompiler = existsSync('build/Release/pxv.node') ? test : test.skip;
const hasHeaders = existsSync(join(dirname(dirname(process.execPath)), 'include', 'node', 'node_api.h'));

/** An environment in which a person types: without what the npm that runs the tests has set. */
const typed = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/.test(name)));
// Where the headers are installed, nothing is to be downloaded.
if (hasHeaders) typed.npm_config_dist_url = 'http://127.0.0.1:9';

/** The package as npm would install it, without what only its developers have: no network is needed for it. */
function install(): string {
  const app = realpathSync(mkdtempSync(join(tmpdir(), 'pxv-installed-')));
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', app];
  const tarball = execFileSync('npm', pack, { encoding: 'utf8' }).trim();
  const folder = join(app, 'node_modules', 'pxv');
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', join(app, tarball), '-C', folder, '--strip-components=1']);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(app, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve('node_modules', name), link);
  }
  return app;
}

withCompiler('an installed package builds its addon by what pxv doctor says, when that is typed', () => {
  const app = install();
  const doctor = () => {
    const { stdout } = spawnSync(process.execPath, ['node_modules/pxv/dist/cli/main.js', 'doctor', '--json'], {
      cwd: app,
      env: typed,
      encoding: 'utf8',
    });
    const report = JSON.parse(stdout) as { instructionSet: string; checks: { name: string; fix?: string }[] };
    return { set: report.instructionSet, fix: report.checks.find(({ name }) => name === 'backend')?.fix };
  };
  try {
    rmSync(join(app, 'node_modules', 'pxv', 'build'), { recursive: true, force: true });
    const before = doctor();
    expect(before.set).toBe('wasm');
    const command = before.fix!.split('then run: ')[1];
    expect(command).toBe('node node_modules/pxv/scripts/build-addon.mjs');
    const built = spawnSync(command, { shell: true, cwd: app, env: typed, encoding: 'utf8' });
    expect(built.stderr).toMatch(/^pxv: native addon built \(\d+ KiB\)\n$/);
    expect(built.status).toBe(0);
    const after = doctor();
    expect(after.fix).toBeUndefined();
    expect(after.set).not.toBe('wasm');
  } finally {
    rmSync(app, { recursive: true, force: true });
  }
});
