import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describeBuildCommand } from '../src/foundation/build-command.js';
import { temporaryFolder } from './video/made-clips.js';

/** A folder as a package that was installed has it: the scripts and what they read, and no node-gyp of its own. */
const folders: { remove: () => void }[] = [];
afterAll(() => folders.forEach(({ remove }) => remove()));

function installed(): string {
  const made = temporaryFolder();
  folders.push(made);
  const folder = realpathSync(made.path);
  mkdirSync(join(folder, 'scripts'));
  mkdirSync(join(folder, 'build', 'Release'), { recursive: true });
  for (const script of ['build-addon.mjs', 'write-kernel-table.mjs'])
    copyFileSync(join('scripts', script), join(folder, 'scripts', script));
  for (const read of ['dist', 'native']) symlinkSync(resolve(read), join(folder, read));
  return folder;
}

/** Builds there as if the command was typed: nothing of the npm that runs the tests is in the environment. */
function build(folder: string, env: NodeJS.ProcessEnv, ...options: string[]) {
  const script = join(folder, 'scripts', 'build-addon.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, ...options], { env, encoding: 'utf8' });
  return { status, stderr, script };
}

const addonOf = (folder: string) => join(folder, 'build', 'Release', 'pxv.node');

describe('the command that builds the addon', () => {
  test('is an npm script in a clone, and there alone', () => {
    expect(describeBuildCommand(process.cwd())).toBe('npm run build');
    const folder = installed();
    expect(describeBuildCommand(folder, folder)).toBe('node scripts/build-addon.mjs');
  });

  test('names the script from where it is typed, and in quotes where the path needs them', () => {
    expect(describeBuildCommand('/app/node_modules/pxv', '/app')).toBe('node node_modules/pxv/scripts/build-addon.mjs');
    expect(describeBuildCommand('/usr/lib/pxv', '/home/me')).toBe('node /usr/lib/pxv/scripts/build-addon.mjs');
    expect(describeBuildCommand('/my apps/pxv', '/home/me')).toBe('node "/my apps/pxv/scripts/build-addon.mjs"');
    expect(describeBuildCommand(process.cwd(), '/')).toMatch(/^node .*scripts\/build-addon\.mjs"?$/);
  });
});

test.each([
  ['npx has nothing to build in a clone that npm ci has built', 'exec', 0],
  ['npm ci builds', 'ci', 1],
  ['npm run build builds', 'run-script', 1],
])('%s', (_, command, status) => {
  const env = { ...process.env, npm_command: command };
  expect(spawnSync(process.execPath, ['scripts/is-built.mjs'], { env }).status).toBe(status);
});

describe('building the addon', () => {
  test('fails where it was asked for and there is no compiler, says what to type, and spares the addon', () => {
    const folder = installed();
    writeFileSync(addonOf(folder), '');
    const { status, stderr, script } = build(folder, { PATH: '' });
    expect(stderr).toMatch(/^pxv: native addon skipped: no C\+\+ compiler and no make and no Python 3 found; .*\n$/);
    expect(stderr).toMatch(
      /training takes some \d times as long\. To have the addon, install g\+\+, make and python3,/,
    );
    expect(stderr).toContain(`then run: node "${script}"`);
    expect(status).toBe(1);
    expect(existsSync(addonOf(folder))).toBe(true);
  });

  test('is no failure with --optional, and leaves no addon that may not fit', () => {
    const folder = installed();
    writeFileSync(addonOf(folder), '');
    const { status, stderr } = build(folder, { PATH: '', npm_lifecycle_event: 'prepare' }, '--optional');
    expect(stderr).toMatch(/then run: npm run build\n$/);
    expect(status).toBe(0);
    expect(existsSync(addonOf(folder))).toBe(false);
  });

  test("takes node-gyp from npm where the package has none, and Node's headers from where Node.js is", () => {
    const folder = installed();
    const npm = join(folder, 'npm', 'bin', 'npm-cli.js');
    const nodeGyp = join(folder, 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
    for (const path of [npm, nodeGyp]) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(npm, '');
    writeFileSync(
      nodeGyp,
      `require('node:fs').writeFileSync('build/Release/pxv.node', JSON.stringify([process.cwd(), ` +
        '...process.argv.slice(2)]))',
    );
    const tool = process.execPath;
    const { status, stderr } = build(folder, { CXX: tool, MAKE: tool, PYTHON: tool, npm_execpath: npm });
    expect(stderr).toBe('pxv: native addon built (0 KiB)\n');
    expect(status).toBe(0);
    const [cwd, ...given] = JSON.parse(readFileSync(addonOf(folder), 'utf8')) as string[];
    expect(cwd).toBe(folder);
    expect(given.slice(0, 2)).toEqual(['configure', 'build']);
    const prefix = dirname(dirname(process.execPath));
    expect(given.includes(`--nodedir=${prefix}`)).toBe(existsSync(join(prefix, 'include', 'node', 'node_api.h')));
  });
});
