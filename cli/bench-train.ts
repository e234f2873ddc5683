import { Command } from 'commander';
import type { Precision } from '../src/backend/precision.js';
import type { NativeWork } from '../src/bench/train-step.js';
import { precision, seed } from '../src/tasks/options/fields.js';
import { addBenchOptions, benchNetwork, type BenchOptions } from './bench-options.js';
import { startComputing } from './computing.js';
import { addComputeOptions, addFields, addJsonOption, wholeNumber } from './options.js';
import { run, type Report, type Work } from './report.js';
import { formatTable, type Column } from './table.js';

interface BenchTrainOptions extends BenchOptions {
  steps: number;
  precision?: Precision;
  profile?: boolean;
  seed: number | bigint;
}

export function command(): Command {
  const bench = new Command('train').description('time whole training steps, with RMSProp, on images of random levels');
  addBenchOptions(bench)
    .option('--steps <count>', 'steps to time', wholeNumber('--steps', 1), 10)
    .option('--profile', 'print where the time goes, kernel by kernel (native backend)');
  addFields(bench, { seed });
  addJsonOption(bench);
  addComputeOptions(bench);
  addFields(bench, { precision });
  return bench.action(run(benchTrainingStep));
}

async function benchTrainingStep({ signal, progress }: Work, options: BenchTrainOptions): Promise<Report> {
  const { benchTrain } = await import('../src/bench/train-step.js');
  const chosen = await startComputing(options, progress);
  const started = performance.now();
  const { batch, steps, precision = 'float32' } = options;
  const settings = { network: benchNetwork(options), batch, steps, precision, seed: BigInt(options.seed) };
  const show = (step: number) =>
    progress.show({ label: 'bench', done: Math.max(step, 0), total: steps, unit: 'steps' });
  if (options.profile) (await import('../src/bench/train-step.js')).kernelsInUse(precision);
  const { native, ...result } = await benchTrain(settings, show, signal);
  const seconds = (performance.now() - started) / 1000;
  const { secondsPerStep, imagesPerSecond, peakMemoryMiB } = result;
  const text = [
    `${secondsPerStep.toPrecision(4)} s a step, ${imagesPerSecond.toFixed(1)} images/s`,
    ...(native ? [workLine(native)] : []),
    `${peakMemoryMiB.toFixed(0)} MiB of memory at most`,
  ].join('\n');
  const { profile, ...work } = native ?? { profile: [] };
  return {
    text: options.profile && native ? `${text}\n\n${profileTable(profile, steps, secondsPerStep)}` : text,
    json: {
      network: options.network,
      seed: options.seed,
      seconds,
      ...result,
      ...work,
      ...(options.profile && { profile }),
      ...chosen,
      precision,
    },
  };
}

function workLine({ gflops, shareOfPeak, peaks }: NativeWork): string {
  const share = `${percent(shareOfPeak)} of the ${peaks.gflops.toFixed(0)} measured`;
  return `${gflops.toFixed(1)} useful GFLOP/s, ${share}; ${peaks.gbytes.toFixed(1)} GB/s of memory`;
}

const columns: Column[] = [
  { title: 'kernel', align: 'left' },
  { title: 'shape', align: 'left' },
  { title: 'calls', align: 'right' },
  { title: 'ms', align: 'right' },
  { title: 'GFLOP/s', align: 'right' },
  { title: 'GB/s', align: 'right' },
  { title: 'share of step', align: 'right' },
];

/** What a step spends its time on; what is left over is tfjs and JavaScript. */
function profileTable(profile: NativeWork['profile'], steps: number, secondsPerStep: number): string {
  const rows = profile.map(({ kernel, shape, calls, seconds, flops, bytes }) => [
    kernel,
    shape,
    (calls / steps).toFixed(calls % steps === 0 ? 0 : 1),
    ((seconds / steps) * 1000).toFixed(3),
    flops > 0 ? (flops / seconds / 1e9).toFixed(1) : '',
    (bytes / seconds / 1e9).toFixed(1),
    percent(seconds / steps / secondsPerStep),
  ]);
  const inKernels = profile.reduce((sum, { seconds }) => sum + seconds, 0) / steps;
  const rest = secondsPerStep - inKernels;
  rows.push(['outside kernels', '', '', (rest * 1000).toFixed(3), '', '', percent(rest / secondsPerStep)]);
  return formatTable(columns, rows);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
