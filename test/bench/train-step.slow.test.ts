import { bf16Sets } from '../backend/implementations.js';
import { runProgram } from './run-program.js';

const steps = 2;
const batch = 2;
const network = ['--network', 'diagonal-bilstm', '--hidden', '4', '--layers', '1', '--size', '5x3', '--channels', '1'];
const tiny = [...network, '--levels', '2', '--head-width', '3', '--batch', `${batch}`, '--steps', `${steps}`];

/**
 * Useful products of a training step, counted by hand: forward, then both gradients of what is not the image's. Masked
 * weights count as no work.
 */
const pixels = batch * 3 * 5;
const first = pixels * (3 * 7 + 3) * 8;
const layer = pixels * (2 * (8 * 16 + 2 * 4 * 16) + 4 * 8);
const head = pixels * (8 * 3 + 3 * 2);

interface Timing {
  secondsPerStep: number;
  imagesPerSecond: number;
  gflops: number;
  peaks: { gflops: number; gbytes: number };
  profile: Entry[];
}

interface Entry {
  kernel: string;
  shape: string;
  calls: number;
  seconds: number;
  flops: number;
  bytes: number;
  roof: string;
  rooflineFraction: number;
}

function timed(args: string[]): Timing {
  const { status, stdout } = runProgram('train-step.mjs', [...tiny, ...args, '--json']);
  expect(status).toBe(0);
  return JSON.parse(stdout) as Timing;
}

test('a training step is timed, and its useful work is what a count by hand gives', () => {
  const result = timed(['--instruction-set', 'wasm', '--profile']);
  expect(result).toMatchObject({ network: 'diagonal-bilstm', seed: '1', precision: 'float32', instructionSet: 'wasm' });
  const { secondsPerStep, gflops, peaks, profile } = result;
  const flops = profile.reduce((sum, entry) => sum + entry.flops, 0) / steps;
  expect(flops).toBe(2 * (2 * first + 3 * (layer + head)));
  expect(gflops).toBeCloseTo(flops / secondsPerStep / 1e9, 9);
  expect(result.imagesPerSecond).toBeCloseTo(batch / secondsPerStep, 6);
  const shapes = profile.map(({ kernel, shape, calls }) => [kernel, shape, calls]);
  expect(shapes).toContainEqual(['convolution', '7x7 masked, 1 to 8', steps]);
  expect(shapes).toContainEqual(['lstmGradient', 'mirrored-diagonals, h = 4', steps]);
  expect(shapes).toContainEqual(['convolution', '1x1, 8 to 16', 2 * steps]);
  // Forward, the gates are read, and their activations, the states and the cells are written.
  const scan = profile.find(({ kernel, shape }) => kernel === 'lstm' && shape === 'diagonals, h = 4');
  expect(scan!.bytes).toBeGreaterThan(4 * steps * pixels * 16);
  for (const { flops, bytes, seconds, roof, rooflineFraction } of profile) {
    const [arithmetic, traffic] = [flops / peaks.gflops, bytes / peaks.gbytes];
    expect(roof).toBe(arithmetic > traffic ? 'compute' : 'memory');
    expect(rooflineFraction).toBeCloseTo(Math.max(arithmetic, traffic) / 1e9 / seconds, 9);
  }
});

test('without --json a table shows each kernel, and what a step takes outside of them', () => {
  const { stdout } = runProgram('train-step.mjs', [...tiny, '--instruction-set', 'wasm', '--profile']);
  const [step, work, memory, , titles, ...rows] = stdout.trimEnd().split('\n');
  expect(step).toMatch(/^[\d.e-]+ s a step, [\d.]+ images\/s$/);
  expect(work).toMatch(/^[\d.]+ useful GFLOP\/s, [\d.]+% of the \d+ measured; [1-9][\d.]* GB\/s of memory$/);
  expect(memory).toMatch(/^\d+ MiB of memory at most$/);
  expect(titles).toMatch(/^kernel +shape +calls +ms +of step +GFLOP\/s +GB\/s +roof +of roof$/);
  const fractions = rows.map((row) => Number(/([\d.]+)%/.exec(row)![1]));
  expect(fractions.reduce((sum, fraction) => sum + fraction, 0)).toBeCloseTo(100, 0);
  expect(rows.at(-1)).toMatch(/^outside kernels /);
});

test('on a backend without kernels of ours a step is timed as a whole', () => {
  const result = timed(['--backend', 'cpu']);
  expect(result.secondsPerStep).toBeGreaterThan(0);
  expect(Object.keys(result)).not.toContain('gflops');
});

test.each([
  [['--profile'], /^--profile: expected the backend native, received cpu; see .*\n$/],
  [['--precision', 'bf16'], /^choose precision: bf16: expected .*, received the backend cpu; .*\n$/],
  [['--precision', 'half'], /^--precision: expected one of float32, bf16, received half; see .*\n$/],
])('on the backend cpu %j is refused in one line', (args, message) => {
  const { status, stdout, stderr } = runProgram('train-step.mjs', [...tiny, '--backend', 'cpu', ...args]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

(bf16Sets.length > 0 ? test : test.skip)('in bf16 half of the gates are stored', () => {
  const bytes = (precision: string) =>
    timed(['--precision', precision, '--instruction-set', bf16Sets[0].instructionSet, '--profile'])
      .profile.filter(({ kernel, shape }) => kernel === 'lstm' && shape === 'diagonals, h = 4')
      .map((entry) => entry.bytes / steps);
  // Of the gates and of their activations: 16 features each.
  const half = pixels * 16 * 2;
  const [whole] = bytes('float32');
  expect(bytes('bf16')).toEqual([whole - 2 * half]);
});
