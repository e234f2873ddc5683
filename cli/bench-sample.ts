import { Command } from 'commander';
import { numberOf } from '../src/foundation/number-of.js';
import { seed } from '../src/tasks/options/fields.js';
import { addBenchOptions, benchNetwork, type BenchOptions } from './bench-options.js';
import { startComputing } from './computing.js';
import { addComputeOptions, addFields, addJsonOption, wholeNumber } from './options.js';
import { run, type Report, type Work } from './report.js';

interface BenchSampleOptions extends BenchOptions {
  tries: number;
  seed: number | bigint;
}

export function command(): Command {
  const bench = new Command('sample').description('time how long a batch of images takes to draw, with random weights');
  addBenchOptions(bench).option('--tries <count>', 'how often it is drawn', wholeNumber('--tries', 1), 3);
  addFields(bench, { seed });
  addJsonOption(bench);
  addComputeOptions(bench);
  return bench.action(run(benchSampling));
}

async function benchSampling({ signal, progress }: Work, options: BenchSampleOptions): Promise<Report> {
  const { benchSample } = await import('../src/bench/sample.js');
  const chosen = await startComputing(options, progress);
  const { batch, tries } = options;
  const settings = { network: benchNetwork(options), batch, tries, seed: BigInt(options.seed) };
  const show = (done: number) => progress.show({ label: 'bench', done, total: tries, unit: 'batches' });
  const result = await benchSample(settings, show, signal);
  const { seconds, medianSeconds, imagesPerSecond, peakMemoryMiB } = result;
  return {
    text: `${seconds.toPrecision(3)} s for ${numberOf(batch, 'image')}, ${imagesPerSecond.toPrecision(3)} images/s (median ${medianSeconds.toPrecision(3)} s)
${peakMemoryMiB.toFixed(0)} MiB of memory at most`,
    json: { network: options.network, seed: options.seed, batch, ...result, ...chosen },
  };
}
