import { Command } from 'commander';
import { z } from 'zod';
import type { KernelTiming } from '../src/bench/kernels.js';
import type { BenchNetwork } from '../src/bench/network.js';
import type { Roofline } from '../src/bench/peaks.js';
import type { NativeWork } from '../src/bench/train-step.js';
import type { Workload } from '../src/bench/work.js';
import type { Size } from '../src/foundation/frame.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { defaultChoices, networkChoice } from '../src/model/presets.js';
import {
  withFlag,
  positiveInteger,
  pixelSize,
  precision,
  seed,
  booleanFlag,
  type ParsedOptions,
} from '../src/options/fields.js';
import { makeTable, tableText } from '../src/document/blocks/table.js';
import { startBackend } from './start-backend.js';
import { size, wholeNumber } from '../src/options/parse-flag.js';
import { addAction, computing, type Action } from './options.js';

const networkFlags = {
  network: withFlag(networkChoice.default(defaultChoices.network), 'name', 'kind of network'),
  hidden: withFlag(positiveInteger.min(3).default(128), 'h', 'features inside a layer', { max: 4096 }),
  layers: withFlag(positiveInteger.default(15), 'count', 'layers', { max: 100 }),
  batch: withFlag(positiveInteger.default(16), 'images', 'images side by side', { max: 4096 }),
  channels: withFlag(
    z.enum(['rgb', 'gray', '3', '1']).default('rgb'),
    'name',
    'colours of the images; 3 is rgb, 1 is gray',
  ),
  levels: withFlag(positiveInteger.min(2).default(256), 'count', 'levels of a sub-pixel', { max: 256 }),
  headWidth: withFlag(positiveInteger.min(3).optional(), 'features', 'features before the head (default: 2h)', {
    max: 16384,
  }),
  size: withFlag(pixelSize.optional(), 'WxH', 'size of the images in pixels; one number N is NxN (default: 32x32)', {
    parse: sizeOrSide,
  }),
};

/** Parses a size such as `64x48`, or the side of a square. */
function sizeOrSide(text: string): Size {
  if (text.includes('x')) return size(text, '--size');
  const side = wholeNumber(text, '--size', 1, 4096);
  return { width: side, height: side };
}

function benchNetwork(options: ParsedOptions<typeof networkFlags>): BenchNetwork {
  const { network, hidden, layers, levels, size = { width: 32, height: 32 }, headWidth = 2 * hidden } = options;
  const channels = ['gray', '1'].includes(options.channels) ? 1 : 3;
  return { network, hidden, layers, channels, levels, size, headWidth };
}

const trainFlags = {
  ...networkFlags,
  steps: withFlag(positiveInteger.default(10), 'count', 'steps to time'),
  profile: booleanFlag('print where the time goes, kernel by kernel (native backend)'),
  seed,
  ...computing,
  precision,
};
const sampleFlags = {
  ...networkFlags,
  tries: withFlag(positiveInteger.default(3), 'count', 'how often it is drawn'),
  seed,
  ...computing,
};
const kernelFlags = {
  ...networkFlags,
  tries: withFlag(positiveInteger.default(7), 'count', 'calls of each, the fastest counts'),
  ...computing,
  precision,
};

/** Returns the `bench` command, which measures the speed of training and sampling. */
export function createCommand(): Command {
  const bench = new Command('bench')
    .description('measure how fast this machine trains and draws, and profile it')
    .addHelpText('after', EXAMPLES);
  const train = bench
    .command('train')
    .description('time whole training steps, with RMSProp, on images of random levels');
  addAction(train, trainFlags, benchTrainingStep);
  const sample = bench.command('sample').description('time the drawing of a batch of images, with random weights');
  addAction(sample, sampleFlags, benchSampling);
  const kernels = bench
    .command('kernels')
    .description(
      "time each kernel of a network's training step against its roofline " + '(default: the networks of the paper)',
    );
  addAction(kernels, kernelFlags, (work, options: ParsedOptions<typeof kernelFlags>) =>
    benchAll(work, kernels.getOptionValueSource('network') === 'cli', options),
  );
  return bench;
}

const EXAMPLES = `
Examples:
  $ pxv bench train --network diagonal-bilstm --hidden 16 --layers 7 --size 28x28 --channels gray --levels 2 --profile
  $ pxv bench sample --network row-lstm --layers 12 --batch 1
  $ pxv bench kernels --threads 1`;

const benchTrainingStep: Action<typeof trainFlags> = async ({ signal, progress }, options) => {
  const { benchTrain, kernelsInUse } = await import('../src/bench/train-step.js');
  const chosen = await startBackend(options, progress);
  const started = performance.now();
  const { batch, steps, precision = 'float32' } = options;
  const settings = { network: benchNetwork(options), batch, steps, precision, seed: BigInt(options.seed) };
  const show = (step: number) =>
    progress.show({ label: 'bench', done: Math.max(step, 0), total: steps, unit: 'steps' });
  // Throws if the backend cannot be profiled.
  if (options.profile) kernelsInUse(precision);
  const { native, ...result } = await benchTrain(settings, show, signal);
  const seconds = (performance.now() - started) / 1000;
  const { secondsPerStep, imagesPerSecond, peakMemoryMiB } = result;
  const { profile, ...work } = native ?? { profile: [] };
  return {
    text: [
      `${secondsPerStep.toPrecision(4)} s a step, ${imagesPerSecond.toFixed(1)} images/s`,
      ...(native ? [workLine(native)] : []),
      `${peakMemoryMiB.toFixed(0)} MiB of memory at most`,
      ...(options.profile && native ? ['', profileTable(profile, steps, secondsPerStep)] : []),
    ].join('\n'),
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
};

function workLine({ gflops, shareOfPeak, peaks }: NativeWork): string {
  const share = `${percent(shareOfPeak)} of the ${peaks.gflops.toFixed(0)} measured`;
  return `${gflops.toFixed(1)} useful GFLOP/s, ${share}; ${peaks.gbytes.toFixed(1)} GB/s of memory`;
}

/** Returns a table of the time that a step spends in each kernel. The rest is time in tfjs and JavaScript. */
function profileTable(profile: NativeWork['profile'], steps: number, secondsPerStep: number): string {
  const rows = profile.map((entry) => [
    entry.kernel,
    entry.shape,
    (entry.calls / steps).toFixed(entry.calls % steps === 0 ? 0 : 1),
    ((entry.seconds / steps) * 1000).toFixed(3),
    percent(entry.seconds / steps / secondsPerStep),
    ...ratesOf(entry),
  ]);
  const inKernels = profile.reduce((sum, { seconds }) => sum + seconds, 0) / steps;
  const rest = secondsPerStep - inKernels;
  const outside = ['outside kernels', '', '', (rest * 1000).toFixed(3), percent(rest / secondsPerStep)];
  return tableText(makeTable('llrrrrrlr', PROFILE_TITLES, [...rows, [...outside, '', '', '', '']]));
}

const PROFILE_TITLES = ['kernel', 'shape', 'calls', 'ms', 'of step', 'GFLOP/s', 'GB/s', 'roof', 'of roof'];

/** Returns GFLOP/s, or an empty string without arithmetic, GB/s, the roof, and the fraction of it. */
function ratesOf({ flops, bytes, seconds, roof, rooflineFraction }: Workload & Roofline & { seconds: number }) {
  const gflops = flops > 0 ? (flops / seconds / 1e9).toFixed(1) : '';
  return [gflops, (bytes / seconds / 1e9).toFixed(1), roof, percent(rooflineFraction)];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

const benchSampling: Action<typeof sampleFlags> = async ({ signal, progress }, options) => {
  const { benchSample } = await import('../src/bench/sample.js');
  const chosen = await startBackend(options, progress);
  const { batch, tries } = options;
  const settings = { network: benchNetwork(options), batch, tries, seed: BigInt(options.seed) };
  const show = (done: number) => progress.show({ label: 'bench', done, total: tries, unit: 'batches' });
  const result = await benchSample(settings, show, signal);
  const { seconds, medianSeconds, imagesPerSecond, peakMemoryMiB } = result;
  return {
    text:
      `${seconds.toPrecision(3)} s for ${pluralize(batch, 'image')}, ${imagesPerSecond.toPrecision(3)} images/s ` +
      `(median ${medianSeconds.toPrecision(3)} s)\n${peakMemoryMiB.toFixed(0)} MiB of memory at most`,
    json: { network: options.network, seed: options.seed, batch, ...result, ...chosen },
  };
};

/** @param isChosen true if the user named a network */
const benchAll: Action<typeof kernelFlags, [boolean]> = async ({ signal, progress }, isChosen, options) => {
  const { benchKernels, PAPER_NETWORKS } = await import('../src/bench/kernels.js');
  const { measurePeaks } = await import('../src/bench/peaks.js');
  const { kernelsInUse } = await import('../src/bench/train-step.js');
  const chosen = await startBackend(options, progress);
  const { batch, tries, precision = 'float32' } = options;
  const kernels = kernelsInUse(precision);
  const peaks = measurePeaks(kernels, precision);
  const steps: TimingInStep[][] = [];
  let done = 0;
  for (const settings of isChosen ? [benchNetwork(options)] : PAPER_NETWORKS) {
    const timings: KernelTiming[] = [];
    for (const timing of benchKernels(kernels, precision, settings, batch, tries, peaks)) {
      signal.throwIfAborted();
      timings.push(timing);
      progress.show({ label: 'bench', done: ++done, total: null, unit: 'kernels' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seconds = timings.reduce((sum, timing) => sum + timing.calls * timing.seconds, 0);
    const { network, layers, hidden } = settings;
    const shareOf = ({ calls, seconds: each }: KernelTiming) => (calls * each) / seconds;
    const all = timings.map((timing) => ({ network, layers, hidden, ...timing, share: shareOf(timing) }));
    steps.push(all.sort((a, b) => b.share - a.share));
  }
  const peakLine = `measured peaks: ${peaks.gflops.toFixed(1)} GFLOP/s, ${peaks.gbytes.toFixed(1)} GB/s`;
  return {
    text: [peakLine, ...steps.map(kernelTable)].join('\n\n'),
    json: { peaks, kernels: steps.flat(), ...chosen, precision },
  };
};

/** Timing of a kernel, and the fraction of a training step of a network that its calls take. */
type TimingInStep = KernelTiming & Pick<BenchNetwork, 'network' | 'layers' | 'hidden'> & { share: number };

/** Returns a table of the kernels of one training step. */
function kernelTable(timings: readonly TimingInStep[]): string {
  const rows = timings.map((timing) => [
    timing.kernel,
    timing.shape,
    timing.calls.toFixed(0),
    (timing.calls * timing.seconds * 1000).toFixed(3),
    percent(timing.share),
    ...ratesOf(timing),
  ]);
  const [{ network, layers, hidden }] = timings;
  return `${network}, ${layers} x ${hidden}\n${tableText(makeTable('llrrrrrlr', PROFILE_TITLES, rows))}`;
}
