import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** Arguments that make a whole call of a program, without which something is missing. */
const required: Record<string, string[]> = {
  'anomaly.mjs': ['SET', '--model', 'RUN'],
  'lossless.mjs': ['CLIP'],
  'ranks.mjs': ['CLIPS'],
  'strips.mjs': ['CLIPS', 'OUT'],
  'watch.mjs': ['CLIPS'],
};
const programs = readdirSync('bench').filter((name) => name.endsWith('.mjs') && name !== 'arguments.mjs');

function run(program: string, args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`bench/${program}`, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test.each(programs)('%s prints its help for --help, and for an option that it does not know', (program) => {
  const { status, stdout, stderr } = run(program, ['--help']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(new RegExp(`^[A-Z][^]*\nusage: node bench/${program}`));
  const unknown = run(program, ['--no-such-option']);
  expect(unknown).toMatchObject({ status: 2, stdout: '' });
  const [problem, empty, ...help] = unknown.stderr.split('\n');
  expect(problem).toMatch(/^Unknown option '--no-such-option'/);
  expect([empty, help.join('\n')]).toEqual(['', stdout]);
});

test.each(Object.entries(required))('%s without the last of the arguments %j prints its help', (program, args) => {
  const missing = run(program, args.slice(0, -1));
  expect(missing).toMatchObject({ status: 2, stdout: '' });
  expect(missing.stderr).toMatch(/^(expected|Option) [^\n]*\n\n[A-Z][^]*\nusage: node/);
});

test('an argument too many is refused', () => {
  const { status, stderr } = run('strips.mjs', ['CLIPS', 'OUT', 'more']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^expected at most 2 arguments, received 3\n/);
});
