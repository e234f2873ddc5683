import { runProgram } from './run-program.js';

const network = ['--network', 'row-lstm', '--hidden', '4', '--layers', '1', '--size', '6x5', '--channels', 'gray'];

test('bench/draw.mjs prints what a batch of images takes to draw', () => {
  const args = [...network, '--levels', '2', '--batch', '2', '--instruction-set', 'wasm', '--tries', '2', '--json'];
  const { status, stdout } = runProgram('draw.mjs', args);
  expect(status).toBe(0);
  const result = JSON.parse(stdout) as Record<string, unknown>;
  expect(result).toMatchObject({ network: 'row-lstm', seed: '1', batch: 2, backend: 'native', instructionSet: 'wasm' });
  for (const name of ['parameters', 'seconds', 'medianSeconds', 'imagesPerSecond', 'peakMemoryMiB'])
    expect(result[name]).toBeGreaterThan(0);
});

test.each([
  [
    ['--network', 'lstm'],
    /^--network: expected one of pixel-cnn, .*, received lstm; see node bench\/draw\.mjs --help\n$/,
  ],
  [['--hidden', '2'], /^--hidden: expected a whole number from 3, received 2; see .*\n$/],
  [['--size', 'large'], /^--size: expected WxH or a side, received large; see .*\n$/],
  [['--channels', 'red'], /^--channels: expected rgb or gray, received red; see .*\n$/],
  [['--instruction-set', 'mmx'], /^choose backend: instruction set: expected one of wasm.*, received mmx; .*\n$/],
])('bench/draw.mjs refuses %j in one line', (args, message) => {
  const { status, stdout, stderr } = runProgram('draw.mjs', args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(message);
});
