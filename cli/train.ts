import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import type { Size } from '../src/frame.js';
import { PxvError } from '../src/errors.js';
import type { NetworkName } from '../src/model/presets.js';
import type { OptimiserName } from '../src/training/optimisers.js';
import type { RunConfiguration } from '../src/training/configuration.js';
import { startComputing } from './computing.js';
import { addComputeOptions, addJsonOption, addSeedOption, decimalNumber, size, wholeNumber } from './options.js';
import { formatDuration } from './progress.js';
import { run, type Report, type Work } from './report.js';

interface TrainOptions extends BackendOptions {
  frames?: string[];
  validate?: string[];
  out?: string;
  network: NetworkName;
  hidden: number;
  layers: number;
  head: 'softmax' | 'logistic-mixture';
  size: Size;
  channels: 'rgb' | 'gray';
  context: number;
  fit?: 'crop' | 'stretch';
  batch?: number;
  steps?: number;
  minutes?: number;
  optimiser?: OptimiserName;
  learningRate?: number;
  mirror?: boolean;
  config?: string;
  resume?: boolean;
  seed: number | bigint;
}

/** Minutes of a training where neither steps nor minutes are given. */
const DEFAULT_MINUTES = 20;

/** Options that describe the model: a configuration file holds them all. */
const modelOptions = ['network', 'hidden', 'layers', 'head', 'size', 'channels', 'context'];
/** Options that leave a resumed run what it is. */
const besideResume = ['resume', 'out', 'json', 'threads', 'backend', 'instructionSet'];

export function command(): Command {
  const train = new Command('train')
    .description('learn to predict the frames of your own clips')
    .helpGroup('Commands:')
    .option('--frames <path...>', 'clips: video files, folders of numbered images, or folders of either')
    .option('--validate <path...>', 'clips to validate on (default: one in ten of --frames is held out)')
    .option('--out <run>', 'folder of the run (default: runs/<name of the first path>)')
    .addOption(
      new Option('--network <name>', 'kind of network')
        .choices(['pixel-cnn', 'row-lstm', 'diagonal-bilstm'])
        .default('pixel-cnn'),
    )
    .option('--hidden <h>', 'features inside a layer', wholeNumber('--hidden', 3, 4096), 48)
    .option('--layers <count>', 'layers', wholeNumber('--layers', 1, 100), 5)
    .addOption(
      new Option('--head <name>', 'likelihood of a sub-pixel')
        .choices(['logistic-mixture', 'softmax'])
        .default('logistic-mixture'),
    )
    .addOption(
      new Option('--size <WxH>', 'size of the model in pixels')
        .argParser(size('--size'))
        .default({ width: 64, height: 64 }, '64x64'),
    )
    .addOption(new Option('--channels <name>', 'colour').choices(['rgb', 'gray']).default('rgb'))
    .option('--context <frames>', 'previous frames given', wholeNumber('--context', 1, 16), 2)
    .addOption(new Option('--fit <name>', 'how frames are brought to the size').choices(['crop', 'stretch']))
    .option('--batch <frames>', 'frames a step (default: 8)', wholeNumber('--batch', 1, 4096))
    .option('--steps <count>', 'how long to train, in steps', wholeNumber('--steps', 1))
    .option('--minutes <time>', `how long to train, in minutes (default: ${DEFAULT_MINUTES})`, minutes)
    .addOption(new Option('--optimiser <name>', 'optimiser (default: adam)').choices(['adam', 'rmsprop']))
    .option('--learning-rate <rate>', 'highest learning rate (default: 0.002)', rate)
    .option('--no-mirror', 'do not show frames mirrored left to right')
    .option('--config <file>', 'a config.json that holds the model and more; options given here come first')
    .option('--resume', 'go on with the training in --out, to the very same weights as without a stop');
  addSeedOption(train);
  addJsonOption(train);
  addComputeOptions(train);
  train.addHelpText(
    'after',
    `
Examples:
  $ pxv train --frames clips/ --minutes 20
  $ pxv train --frames a.mp4 b.mp4 --validate c.mp4 --out runs/mine --size 32x32 --steps 2000
  $ pxv train --resume --out runs/mine
  $ pxv predict c.mp4 --next 8 --model runs/mine`,
  );
  return train.action(run((work, options: TrainOptions) => trainModel(work, options, train)));
}

const minutes = decimalNumber('--minutes', { min: 0, above: true });
const rate = decimalNumber('--learning-rate', { min: 0, above: true, max: 10 });

async function trainModel({ signal, progress }: Work, options: TrainOptions, train: Command): Promise<Report> {
  refuseOverruled(train, options);
  const { trainOnClips } = await import('../src/tasks/train-on-clips.js');
  const { networkName } = await import('../src/model/presets.js');
  const out = options.out ?? join('runs', basename(resolve(options.frames?.[0] ?? 'model')).replace(/\.\w+$/, ''));
  const configuration = options.resume ? null : await configurationOf(train, options);
  const chosen = await startComputing(options, progress);
  const started = performance.now();
  const result = await trainOnClips(out, configuration, {
    signal,
    onWarning: (text) => progress.say(`pxv: warning: ${text}`),
    onDecode: (clip, clips, name) =>
      progress.show({ label: 'decode', done: clip, total: clips, unit: 'clips', fields: { clip: name } }),
    onStart: ({ parameters, trainingClips, validationClips, frames, step, baselines }) => {
      const validated = validationClips.length > 0 ? validationClips.join(', ') : 'none: give one with --validate';
      progress.say(`model: ${parameters} parameters; ${trainingClips.length} clips, ${frames} frames to learn from`);
      progress.say(`validation: ${validated}; run folder: ${out}${step > 0 ? `; from step ${step}` : ''}`);
      const previous = baselines['previous-frame'];
      const best = previous === null ? '' : `, previous frame ${previous.toFixed(3)} on the validation clips`;
      progress.say(`baselines in bits/dim: uniform ${baselines.uniform.toFixed(2)}${best}`);
    },
    onStep: ({ step, steps, bitsPerDim, validation, framesPerSecond }) =>
      progress.show({
        label: 'train',
        done: step,
        total: steps ?? step,
        unit: 'steps',
        fields: {
          'bits/dim': bitsPerDim,
          ...(validation !== null && { validation }),
          'frames/s': framesPerSecond,
        },
      }),
  });
  const seconds = (performance.now() - started) / 1000;
  const { training } = result.configuration;
  const score = result.best === null ? '' : `, ${result.best.toFixed(3)} bits/dim on the validation clips`;
  return {
    text: `trained ${result.step} steps in ${formatDuration(seconds)}${score}: ${out}
next: pxv predict CLIP --next 8 --model ${out}`,
    json: {
      model: out,
      output: out,
      network: networkName(result.configuration.model),
      seed: training.seed,
      seconds,
      steps: result.step,
      frames: result.facts.frames,
      bitsPerDim: result.best,
      baselines: result.facts.baselines,
      secondsPerStep: result.secondsPerStep,
      ...chosen,
    },
  };
}

/** As much as this command looks at of a configuration that is not checked yet. */
interface ConfigurationFile {
  training?: { seed?: unknown; steps?: unknown; minutes?: unknown; schedule?: object };
  data?: { frames?: unknown };
}

/** The configuration that the options mean, over that of --config where it is given. */
async function configurationOf(train: Command, options: TrainOptions): Promise<RunConfiguration> {
  const { runSchema } = await import('../src/training/configuration.js');
  const { describeModel } = await import('../src/model/presets.js');
  const { parseConfiguration } = await import('../src/model/parse-configuration.js');
  const file = options.config === undefined ? {} : readConfiguration(options.config);
  const { training = {}, data = {} } = file as ConfigurationFile;
  const seeded = train.getOptionValueSource('seed') === 'cli';
  const { network, size, channels, hidden, layers, head, context } = options;
  const settings = { size, channels: channels === 'rgb' ? 3 : 1, levels: 256, hidden, layers, head, context } as const;
  if (options.frames === undefined && data.frames === undefined) throw noFrames();
  const length = options.steps === undefined && options.minutes === undefined ? {} : { steps: null, minutes: null };
  return parseConfiguration(
    runSchema,
    {
      model: options.config === undefined ? describeModel(network, settings) : undefined,
      ...file,
      training: {
        ...training,
        ...((training.steps ?? training.minutes ?? null) === null && { minutes: DEFAULT_MINUTES }),
        ...length,
        ...given({ batch: options.batch, steps: options.steps, minutes: options.minutes }),
        ...given({ optimiser: options.optimiser, mirror: options.mirror === false ? false : undefined }),
        ...(options.learningRate !== undefined && { schedule: { ...training.schedule, rate: options.learningRate } }),
        ...((seeded || training.seed === undefined) && { seed: String(options.seed) }),
      },
      data: { ...data, ...given({ frames: options.frames, validate: options.validate, fit: options.fit }) },
    },
    { operation: 'train', argument: options.config ?? 'options', code: 'USAGE' },
  );
}

/**
 * A configuration file brings its own model, a resumed run brings everything: options that they would overrule are
 * refused.
 */
function refuseOverruled(train: Command, { config, resume }: TrainOptions): void {
  const whole = resume ? '--resume' : config !== undefined ? '--config' : null;
  if (whole === null) return;
  const option = train.options.find((candidate) => {
    const name = candidate.attributeName();
    if (train.getOptionValueSource(name) !== 'cli') return false;
    return resume ? !besideResume.includes(name) : modelOptions.includes(name);
  });
  if (option === undefined) return;
  throw new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: option.long ?? option.flags,
    expected: `no option that ${whole} brings with it`,
    received: 'both',
    remedy: `leave out ${option.long ?? option.flags}, or leave out ${whole}`,
  });
}

/** The entries that have a value. */
function given(entries: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function readConfiguration(path: string): object {
  const wrong = (received: string) =>
    new PxvError({
      code: 'USAGE',
      operation: 'read configuration',
      argument: path,
      expected: 'a JSON file such as the config.json of a run folder',
      received,
      remedy: 'check --config',
    });
  if (!existsSync(path)) throw wrong('no such file');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('JSON that is not an object');
  return value;
}

function noFrames(): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: '--frames',
    expected: 'clips to learn from',
    received: 'none',
    remedy: 'give video files or folders, as in pxv train --frames clips/',
  });
}
