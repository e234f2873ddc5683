import { bf16Sets } from '../backend/implementations.js';
import { pxvInProcess } from './in-process.js';

const tiny = ['--network', 'row-lstm', '--hidden', '4', '--layers', '1', '--size', '6', '--channels', '1'];
const settings = [...tiny, '--levels', '2', '--batch', '2', '--instruction-set', 'wasm', '--json'];

test('pxv bench train prints what a step takes, and its profile where asked', async () => {
  const { code, stdout } = await pxvInProcess(['bench', 'train', ...settings, '--steps', '2', '--profile']);
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as Record<string, unknown> & {
    profile: { kernel: string; calls: number; roof: string }[];
  };
  expect(result).toMatchObject({ network: 'row-lstm', seed: '1', backend: 'native', instructionSet: 'wasm' });
  for (const name of ['seconds', 'secondsPerStep', 'imagesPerSecond', 'gflops', 'shareOfPeak', 'peakMemoryMiB'])
    expect(result[name]).toBeGreaterThan(0);
  expect(result.profile.find(({ kernel }) => kernel === 'lstm')).toMatchObject({ shape: 'rows, h = 4', calls: 2 });
  for (const entry of result.profile) expect(['compute', 'memory']).toContain(entry.roof);
});

test('pxv bench kernels times the kernels of one network, described as for pxv train', async () => {
  const args = [...settings, '--size', '6x6', '--channels', 'gray', '--tries', '1'];
  const { code, stdout } = await pxvInProcess(['bench', 'kernels', ...args]);
  expect(code).toBe(0);
  const { peaks, kernels } = JSON.parse(stdout) as { peaks: object; kernels: { share: number }[] };
  expect(peaks).toMatchObject({ gflops: expect.any(Number) as number, gbytes: expect.any(Number) as number });
  const lstm = {
    network: 'row-lstm',
    kernel: 'lstm',
    shape: '[2,6,6] rows, h = 4',
    calls: 1,
    roof: expect.any(String) as string,
  };
  expect(kernels).toContainEqual(expect.objectContaining(lstm));
  expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
});

test('pxv bench kernels prints each kernel by its share of the step, with its roof', async () => {
  const { stdout } = await pxvInProcess(['bench', 'kernels', ...settings.slice(0, -1), '--tries', '1']);
  const [peaks, , network, titles, ...rows] = stdout.trim().split('\n');
  expect(peaks).toMatch(/^measured peaks: [\d.]+ GFLOP\/s, [1-9][\d.]* GB\/s$/);
  expect(network).toBe('row-lstm, 1 x 4');
  expect(titles.split(/ {2,}/)).toEqual([
    'kernel',
    'shape',
    'calls',
    'ms',
    'of step',
    'GFLOP/s',
    'GB/s',
    'roof',
    'of roof',
  ]);
  const shares = rows.map((row) => Number(/([\d.]+)%/.exec(row)![1]));
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
});

(bf16Sets.length > 0 ? test : test.skip)('pxv bench --precision bf16 times products in bf16', async () => {
  const args = [...tiny, '--batch', '2', '--precision', 'bf16', '--json'];
  const train = await pxvInProcess(['bench', 'train', ...args, '--steps', '1']);
  expect(JSON.parse(train.stdout)).toMatchObject({ precision: 'bf16', seconds: expect.any(Number) as number });
  const kernels = await pxvInProcess(['bench', 'kernels', ...args, '--tries', '1']);
  expect(JSON.parse(kernels.stdout)).toMatchObject({ precision: 'bf16', peaks: expect.any(Object) as object });
});

test('pxv bench refuses a backend whose kernels it cannot time, and an unknown benchmark, in one line', async () => {
  const cpu = await pxvInProcess(['bench', 'kernels', ...tiny, '--backend', 'cpu']);
  expect(cpu).toMatchObject({ code: 2, stdout: '' });
  expect(cpu.stderr).toMatch(/^pxv: bench: backend: expected native, .*\n$/);
  const unknown = await pxvInProcess(['bench', 'weights']);
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toMatch(/^pxv: unknown command 'weights'; see pxv bench --help\n$/);
});

test('pxv bench sample prints what a batch of images takes to draw', async () => {
  const { code, stdout } = await pxvInProcess(['bench', 'sample', ...settings, '--tries', '2']);
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as Record<string, unknown>;
  expect(result).toMatchObject({ network: 'row-lstm', seed: '1', batch: 2, instructionSet: 'wasm' });
  for (const name of ['seconds', 'medianSeconds', 'imagesPerSecond', 'peakMemoryMiB'])
    expect(result[name]).toBeGreaterThan(0);
});
