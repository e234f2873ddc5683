import { join } from 'node:path';
import { Command, Option } from 'commander';
import { framesPerSecond } from '../src/frame-rate.js';
import { numberOf } from '../src/number-of.js';
import { inUnits } from '../src/tasks/byte-units.js';
import type { DecodeProgress } from '../src/tasks/open-data.js';
import type { TrainedRun, TrainingFacts, TrainModelHooks } from '../src/tasks/train-model.js';
import { startComputing } from './computing.js';
import { leftOutLines } from './left-out.js';
import {
  addComputeOptions,
  addDataOption,
  addJsonOption,
  addOverwriteOption,
  addPrecisionOption,
  addSeedOption,
  decimalNumber,
  frameRate,
  listOf,
  path,
  size,
  wholeNumber,
} from './options.js';
import { formatDuration } from './progress.js';
import { run, type Report, type Work } from './report.js';
import { stemOf } from './stem.js';
import { configurationOf, extensionOf, refuseMisplaced, type TrainOptions } from './train-configuration.js';
import { framesConditionings } from '../src/conditioning/presets.js';
import { defaultChoices, headNames, networks } from '../src/model/presets.js';
import { dataDefaults, DEFAULT_MINUTES } from '../src/training/data-defaults.js';
import type { OptimiserName } from '../src/training/optimisers.js';

const batchOf = { clips: dataDefaults.clips.batch, images: dataDefaults.images.batch };
const framesChoices = Object.keys(framesConditionings);
/** By hand, since the optimisers themselves would make the help slow to load. */
const optimiserChoices: Record<OptimiserName, true> = { adam: true, rmsprop: true };

export function command(): Command {
  const train = new Command('train')
    .description('learn to predict the frames of your own clips, or the pixels of images')
    .helpGroup('Commands:')
    .option('--frames <path...>', 'clips: video files, folders of numbered images, or folders of either')
    .option('--validate <path...>', 'clips to validate on (default: one in ten of --frames is held out)')
    .option('--images <set>', 'images instead: a data set (see pxv datasets list) or a folder of images')
    .option('--out <run>', 'folder of the run (default: runs/<name of the first path or set>)', path('--out'))
    .addOption(
      new Option('--network <name>', 'kind of network').choices(Object.keys(networks)).default(defaultChoices.network),
    )
    .option('--hidden <h>', 'features inside a layer', wholeNumber('--hidden', 3, 4096), defaultChoices.hidden)
    .option('--layers <count>', 'layers', wholeNumber('--layers', 1, 100), defaultChoices.layers)
    .addOption(
      new Option(
        '--head <name>',
        'likelihood of a sub-pixel (default: logistic-mixture for clips, softmax for images, sigmoid for binary ones)',
      ).choices(headNames),
    )
    .option('--head-width <features...>', 'features of each 1x1 layer before the head (default: one of 2h)', headWidth)
    .addOption(
      new Option('--initial-state <name>', 'states of an LSTM outside the image')
        .choices(['zero', 'learned'])
        .default('zero'),
    )
    .addOption(
      new Option(
        '--size <WxH>',
        'size in pixels that the model learns at (default: 64x64, or that of images that are alike and no larger)',
      ).argParser(size('--size')),
    )
    .addOption(
      new Option('--channels <name>', "colours of the model (default: rgb, or the images')").choices(['rgb', 'gray']),
    )
    .option('--levels <count>', "values of a sub-pixel (default: 256, or the images')", wholeNumber('--levels', 2, 256))
    .option(
      '--context <frames>',
      'previous frames given (default: as many as suit --conditioning)',
      wholeNumber('--context', 1, 16),
    )
    .addOption(
      new Option(
        '--conditioning <name>',
        `how previous frames are read: moved into place, or as they are (default: ${framesChoices[0]})`,
      ).choices(framesChoices),
    )
    .option(
      '--scales <factor...>',
      'make the model a chain of scales: the factor from each to the next finer one, as 2, or 2 2 for three scales',
      factors,
    )
    .addOption(
      new Option(
        '--shared <name>',
        "pixels of the coarser scale: known, or predicted again (the paper's form, a bound)",
      )
        .choices(['known', 'predicted'])
        .default('known'),
    )
    .addOption(new Option('--fit <name>', 'how frames are brought to the size').choices(['crop', 'stretch']))
    .addOption(
      new Option(
        '--fps <rate>',
        'frames a second to bring clips to; the model keeps it (default: their own)',
      ).argParser(frameRate('--fps')),
    )
    .option(
      '--batch <count>',
      `frames or images a step (default: ${batchOf.clips} for clips, ${batchOf.images} for images)`,
      wholeNumber('--batch', 1, 4096),
    )
    .option('--steps <count>', 'how long to train, in steps', wholeNumber('--steps', 1))
    .option(
      '--minutes <time>',
      `how long to train, in minutes, once the clips are decoded (default: ${DEFAULT_MINUTES})`,
      minutes,
    )
    .addOption(new Option('--optimiser <name>', 'optimiser (default: adam)').choices(Object.keys(optimiserChoices)))
    .option('--learning-rate <rate>', 'highest learning rate (default: 0.002)', rate)
    .option('--no-mirror', 'do not show frames mirrored left to right')
    .option('--mirror', 'show every other frame or image mirrored (default for clips)')
    .option(
      '--from <model>',
      'model to start from (run folder, .safetensors file or shipped model): its weights, and where --config names no model its description',
    )
    .option(
      '--config <file>',
      'a config.json that holds the model and more; options given here come first',
      path('--config'),
    )
    .option(
      '--resume',
      'go on with the training in --out, to the very same weights as without a stop; --steps (in all) or --minutes (more) give it another length',
    )
    .option('--accept-changed-data', 'with --resume: go on where files that are learnt from have changed or are gone');
  addOverwriteOption(train);
  addDataOption(train);
  addSeedOption(train);
  addJsonOption(train);
  addComputeOptions(train);
  addPrecisionOption(train);
  train.addHelpText(
    'after',
    `
Examples:
  $ pxv train --frames clips/ --minutes 20
  $ pxv train --frames a.mp4 b.mp4 --validate c.mp4 --out runs/mine --size 32x32 --steps 2000
  $ pxv train --frames clips/ --fps 10 --minutes 20
  $ pxv train --resume --out runs/mine
  $ pxv train --resume --out runs/mine --minutes 10
  $ pxv train --from video-64 --frames clips/ --minutes 5
  $ pxv train --images binarized-mnist --network diagonal-bilstm --hidden 16 --layers 7 --head-width 32
  $ pxv train --frames clips/ --scales 2 --size 64x64
  $ pxv predict c.mp4 --next 8 --model runs/mine`,
  );
  return train.action(run((work, options: TrainOptions) => trainOne(work, options, train)));
}

const minutes = decimalNumber('--minutes', { min: 0, above: true, max: 1e6 });
const rate = decimalNumber('--learning-rate', { min: 0, above: true, max: 10 });
const headWidth = listOf(wholeNumber('--head-width', 1, 16384));
const factors = listOf(wholeNumber('--scales', 2, 8));

async function trainOne({ signal, progress, saves }: Work, options: TrainOptions, train: Command): Promise<Report> {
  refuseMisplaced(train, options);
  const { trainModel } = await import('../src/tasks/train-model.js');
  const { networkName } = await import('../src/model/presets.js');
  const { needsOf } = await import('../src/conditioning/index.js');
  const { learntFrameRate } = await import('../src/training/configuration.js');
  const out = options.out ?? join('runs', stemOf(options.frames?.[0] ?? options.images ?? 'model'));
  const shown =
    (label: string) =>
    ({ name, ...done }: DecodeProgress) =>
      progress.show({ label, ...done, fields: { name } });
  const onDecode = shown('decode');
  const configuration = options.resume
    ? null
    : await configurationOf(train, options, (text) => progress.say(`pxv: ${text}`));
  const chosen = await startComputing(options, progress);
  const started = performance.now();
  let begun = started;
  const hooks: TrainModelHooks = {
    signal,
    ...(options.config !== undefined && { configurationFile: options.config }),
    onWarning: (text) => progress.say(`pxv: warning: ${text}`),
    onDecode,
    onList: shown('read'),
    onStart: (facts) => {
      begun = performance.now();
      describeStart(facts, out).forEach((line) => progress.say(line));
      saves();
    },
    onStep: ({ step, steps, time, bitsPerDim, validation, examplesPerSecond }) =>
      progress.show({
        label: 'train',
        done: step,
        total: steps,
        ...(time !== null && { time }),
        unit: 'steps',
        fields: {
          ...(bitsPerDim !== null && { 'bits/dim': bitsPerDim }),
          ...(validation !== null && { validation }),
          'examples/s': examplesPerSecond,
        },
      }),
  };
  const { overwrite, acceptChangedData } = options;
  const settings = { overwrite, acceptChangedData, extension: extensionOf(options) };
  const result = await trainModel(out, configuration, hooks, settings);
  const ended = performance.now();
  const { training, data: source } = result.configuration;
  const rate = learntFrameRate(source);
  const { data } = result.facts;
  const readsFrames = result.configuration.model.scales.some(({ conditioning }) => needsOf(conditioning).context > 0);
  const next = readsFrames ? `pxv predict CLIP --next 8 --model ${out}` : `pxv sample --model ${out}`;
  return {
    text: [
      result.step > result.facts.step
        ? `trained ${stepsOf(result)} in ${formatDuration((ended - begun) / 1000)}: ${out}`
        : `${out}: nothing to do, for its ${numberOf(result.step, 'step')} had been done; longer with --steps S or --minutes M`,
      ...outcome(result),
      ...('frames' in data ? leftOutLines(data.leftOut) : []),
      `next: ${next}`,
    ].join('\n'),
    json: {
      model: out,
      output: out,
      network: networkName(result.configuration.model),
      seed: training.seed,
      seconds: (ended - started) / 1000,
      steps: result.step,
      resumedFrom: result.facts.step,
      ...('frames' in data
        ? { frames: data.frames, frameRate: rate && framesPerSecond(rate), leftOut: data.leftOut }
        : { images: data.images }),
      bitsPerDim: result.best?.bitsPerDim ?? null,
      bestStep: result.best?.step ?? null,
      lastBitsPerDim: result.last?.bitsPerDim ?? null,
      baselines: data.baselines,
      secondsPerStep: result.secondsPerStep,
      ...chosen,
      precision: training.precision,
    },
  };
}

/** The steps of this sitting, and of all where there were others before. */
function stepsOf({ step, facts }: TrainedRun): string {
  return facts.step === 0 ? numberOf(step, 'step') : `${numberOf(step - facts.step, 'step')}, ${step} in all,`;
}

/** How good the model became, and against what that is to be seen, in lines for people. */
function outcome({ best, last, facts: { data } }: TrainedRun): string[] {
  if (best === null) return ['no validation: the model has the last weights'];
  const { uniform } = data.baselines;
  const previous = 'frames' in data ? data.baselines['previous-frame'] : null;
  const [baseline, name] = previous === null ? [uniform, 'uniform'] : [previous, 'previous-frame'];
  const latest = last ?? best;
  const [reached, now] = [best, latest].map(({ bitsPerDim }) => bitsPerDim.toFixed(3));
  const worse = now === reached ? '' : `; since then it got worse: ${now} at step ${latest.step}`;
  const fewer = 100 * (1 - best.bitsPerDim / baseline);
  return [
    `best validation: ${reached} bits/dim at step ${best.step}, whose weights the model has${worse}`,
    fewer > 0
      ? `that is ${fewer.toFixed(1)}% fewer than the ${name} baseline, ${baseline.toFixed(3)}`
      : `worse than the ${name} baseline, ${baseline.toFixed(3)}: train longer, with --resume --minutes M`,
  ];
}

/** What is trained on what, in lines for people. */
function describeStart({ parameters, step, data }: TrainingFacts, out: string): string[] {
  const from = `run folder: ${out}${step > 0 ? `; from step ${step}` : ''}`;
  const uniform = `baselines in bits/dim: uniform ${data.baselines.uniform.toFixed(2)}`;
  if (!('frames' in data)) {
    const { images, validationImages, origin } = data;
    return [
      `model: ${parameters} parameters; ${numberOf(images, 'image')} to learn from (${origin})`,
      `validation: ${numberOf(validationImages, 'image')}; ${from}`,
      uniform,
    ];
  }
  const { trainingClips, validationClips, frames, decoded, baselines } = data;
  const validated = validationClips.length > 0 ? validationClips.join(', ') : 'none: give one with --validate';
  const previous = baselines['previous-frame'];
  const best = previous === null ? '' : `, previous frame ${previous.toFixed(3)} on the validation clips`;
  return [
    `model: ${parameters} parameters; ${numberOf(trainingClips.length, 'clip')}, ${numberOf(frames, 'frame')} to learn from`,
    `validation: ${validated}; ${from}`,
    `decoded frames: ${inUnits(decoded.bytes)} in ${decoded.folder}, which may be deleted after the training`,
    `${uniform}${best}`,
  ];
}
