import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { bf16Sets } from '../backend/implementations.js';
import { pxvInProcess } from './in-process.js';
import { linesSaid, pxv, start } from './pxv.js';
import { slowTest } from '../extent.js';

slowTest('--version prints the version of package.json', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await pxv(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

slowTest('--help lists the commands, with examples, and the help of each shows an example of it', async () => {
  const { code, stdout, stderr } = await pxv(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/Examples:\n {2}\$ pxv /);
  const listed = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:'));
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
  expect(names).toContain('doctor');
  for (const name of names) {
    const help = await pxvInProcess([name, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`Examples?:\\n(.*\\n)* {2}\\$ pxv ${name}`));
  }
});

(existsSync('/dev/full') ? test.each([['--help'], ['models'], ['doctor', '--json']]) : test.skip.each([['']]))(
  'pxv %s says in one line that standard output is full',
  async (...args) => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await pxv(args, { stdout: full });
    closeSync(full);
    expect(code).toBe(1);
    expect(linesSaid({ code, stdout: '', stderr })).toEqual([
      'pxv: write: standard output: expected a writable path, received ENOSPC: no space left on ' +
        'device, write; ' +
        'free the disk, or send it elsewhere',
    ]);
  },
);

test('without a command the help goes to stderr, and the exit code is 2', async () => {
  const { code, stdout, stderr } = await pxv([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: pxv/);
});

test.each([
  { args: ['docto'], line: "pxv: unknown command 'docto' (Did you mean doctor?); see pxv --help" },
  { args: ['zzz'], line: "pxv: unknown command 'zzz'; see pxv --help" },
  { args: ['help', 'zzz'], line: "pxv: unknown command 'zzz'; see pxv --help" },
  { args: ['doctor', '--jsn'], line: "pxv: unknown option '--jsn' (Did you mean --json?); see pxv doctor --help" },
  {
    args: ['doctor', 'now'],
    line: "pxv: too many arguments for 'doctor'. Expected 0 arguments but got 1; see pxv doctor --help",
  },
])('wrong usage, pxv $args, is one line on stderr and exit code 2', async ({ args, line }) => {
  expect(await pxv(args)).toEqual({ code: 2, stdout: '', stderr: `${line}\n` });
});

test('--json makes the last line of stdout one JSON object', async () => {
  const { code, stdout } = await pxv(['doctor', '--json']);
  expect(code).toBe(0);
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { checks: { name: string; status: string }[] };
  expect(result.checks.map(({ name }) => name)).toEqual([
    'Node.js',
    'backend',
    'tensorflow',
    'webgpu',
    'FFmpeg',
    'models',
  ]);
});

test('the doctor warns of a PXV_FFMPEG that does not run, and says what to do', async () => {
  const { code, stdout } = await pxv(['doctor'], { env: { PXV_FFMPEG: '/nonexistent/ffmpeg' } });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^warn +FFmpeg .*correct PXV_FFMPEG or unset it$/m);
});

slowTest('the doctor says which backend serves, and refuses one that this machine cannot run', async () => {
  const args = ['doctor', '--instruction-set', 'wasm', '--threads', '1', '--json'];
  expect(JSON.parse((await pxv(args)).stdout)).toMatchObject({
    backend: 'native',
    instructionSet: 'wasm',
    threads: 1,
    checks: expect.arrayContaining([{ name: 'backend', status: 'ok', found: 'native on wasm, 1 thread' }]) as object,
  });
  for (const { instructionSet } of bf16Sets) {
    const { stdout } = await pxv(['doctor', '--instruction-set', instructionSet, '--threads', '1']);
    expect(stdout).toMatch(new RegExp(`^ok +backend +native on ${instructionSet} with bf16, 1 thread$`, 'm'));
  }
  const refused = await pxv(['doctor', '--backend', 'cpu', '--instruction-set', 'avx2']);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(
    /^pxv: choose backend: instruction set: expected the backend native, received cpu; .*\n$/,
  );
});

test('a rejection that nothing handles ends the process with one line and exit code 1', async () => {
  // Rejects as soon as the command line listens for it.
  const late = `process.on('newListener', (name) => {
    if (name === 'unhandledRejection') setImmediate(() => Promise.reject(new Error('late')));
  });`;
  const outcome = await pxv(['doctor'], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(late)}` },
  });
  expect(outcome).toEqual({
    code: 1,
    stdout: '',
    stderr: 'pxv: unexpected error: Error: late; set PXV_DEBUG=1 to see where\n',
  });
});

test('a reader that closes stdout early is no failure: exit code 0 and nothing on stderr', async () => {
  const child = start(['--help']);
  child.stdout!.destroy();
  let stderr = '';
  child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
