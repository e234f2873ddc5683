import { Command } from 'commander';
import type { Precision } from '../src/backend/precision.js';
import type { KernelTiming } from '../src/bench/kernels.js';
import { precision } from '../src/tasks/options/fields.js';
import { addBenchOptions, benchNetwork, type BenchOptions } from './bench-options.js';
import { startComputing } from './computing.js';
import { addComputeOptions, addFields, addJsonOption, wholeNumber } from './options.js';
import { run, type Report, type Work } from './report.js';
import { formatTable, type Column } from './table.js';

interface BenchKernelsOptions extends BenchOptions {
  tries: number;
  precision?: Precision;
}

export function command(): Command {
  const bench = new Command('kernels').description(
    "time each kernel of a network's training step against its roof (without --network: the networks of the paper)",
  );
  addBenchOptions(bench).option('--tries <count>', 'calls of each, the fastest counts', wholeNumber('--tries', 1), 7);
  addJsonOption(bench);
  addComputeOptions(bench);
  addFields(bench, { precision });
  return bench.action(run((work, options: BenchKernelsOptions) => benchAll(work, options, bench)));
}

async function benchAll({ signal, progress }: Work, options: BenchKernelsOptions, bench: Command): Promise<Report> {
  const { benchKernels, PAPER_NETWORKS } = await import('../src/bench/kernels.js');
  const { measurePeaks } = await import('../src/bench/peaks.js');
  const { kernelsInUse } = await import('../src/bench/train-step.js');
  const chosen = await startComputing(options, progress);
  const { precision = 'float32' } = options;
  const kernels = kernelsInUse(precision);
  const peaks = measurePeaks(kernels, precision);
  const networks = bench.getOptionValueSource('network') === 'cli' ? [benchNetwork(options)] : PAPER_NETWORKS;
  const timings: KernelTiming[] = [];
  for (const timing of benchKernels(kernels, networks, options.batch, options.tries, peaks)) {
    signal.throwIfAborted();
    timings.push(timing);
    progress.show({ label: 'bench', done: timings.length, total: null, unit: 'kernels' });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const rows = timings.map(({ kernel, shape, seconds, flops, bytes, shareOfRoof }) => [
    kernel,
    shape,
    (seconds * 1000).toFixed(3),
    flops > 0 ? (flops / seconds / 1e9).toFixed(1) : '',
    (bytes / seconds / 1e9).toFixed(1),
    `${(100 * shareOfRoof).toFixed(0)}%`,
  ]);
  return {
    text: `measured peaks: ${peaks.gflops.toFixed(1)} GFLOP/s, ${peaks.gbytes.toFixed(1)} GB/s\n\n${formatTable(columns, rows)}`,
    json: { peaks, kernels: timings, ...chosen, precision },
  };
}

const columns: Column[] = [
  { title: 'kernel', align: 'left' },
  { title: 'shape', align: 'left' },
  { title: 'ms', align: 'right' },
  { title: 'GFLOP/s', align: 'right' },
  { title: 'GB/s', align: 'right' },
  { title: 'of its roof', align: 'right' },
];
