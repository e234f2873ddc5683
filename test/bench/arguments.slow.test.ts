import { readdirSync, readFileSync } from 'node:fs';
import { runProgram } from './run-program.js';

/** Arguments that make a whole call of a program, without which something is missing. */
const required: Record<string, string[]> = {
  'anomaly.mjs': ['SET', '--model', 'RUN'],
  'learn-in-page.mjs': ['CLIP', 'MINUTES'],
  'lossless.mjs': ['CLIP'],
  'ranks.mjs': ['CLIPS'],
  'strips.mjs': ['CLIPS', 'OUT'],
  'watch.mjs': ['CLIPS'],
};
/** Modules of the programs. */
const modules = ['arguments.mjs', 'network.mjs', 'roofline.mjs'];
const programs = readdirSync('bench').filter((name) => name.endsWith('.mjs') && !modules.includes(name));

test.each(programs)('%s parses its arguments, and its comment is its help', (program) => {
  const text = readFileSync(`bench/${program}`, 'utf8');
  const [comment, code] = text.split(/^(?!\/\/)([^]*)/m);
  expect(comment).toMatch(new RegExp(`^// [A-Z][^]*\n// usage: node bench/${program}`));
  expect(code).toMatch(/ parseArguments\(\{/);
});

test('an option that a program does not know is refused', () => {
  const { status, stdout, stderr } = runProgram('compare-torch.mjs', ['--no-such-option']);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toBe("Unknown option '--no-such-option'; see node bench/compare-torch.mjs --help\n");
});

test('--help prints the comment at the top of a program', () => {
  const { status, stdout, stderr } = runProgram('draw.mjs', ['--help']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Times the drawing [^]*\n\nusage: node bench\/draw\.mjs [^]*one JSON object\n$/);
});

test.each(Object.entries(required))('%s without the last of the arguments %j says so in one line', (program, args) => {
  const missing = runProgram(program, args.slice(0, -1));
  expect(missing).toMatchObject({ status: 2, stdout: '' });
  expect(missing.stderr).toMatch(new RegExp(`^(expected|Option) [^\n]*; see node bench/${program} --help\n$`));
});

test('an argument too many is refused', () => {
  const { status, stderr } = runProgram('strips.mjs', ['CLIPS', 'OUT', 'more']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^expected at most 2 arguments, received 3; see /);
});

test('an error that the user can act on is one line', () => {
  const { status, stderr } = runProgram('decoding.mjs', ['no-such-model']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^find model: no-such-model: [^\n]*\n$/);
});
