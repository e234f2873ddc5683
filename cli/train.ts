import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { framesPerSecond, type FrameRate } from '../src/foundation/frame-rate.js';
import { PxvError } from '../src/foundation/errors.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { quoteCommand } from '../src/document/quote-command.js';
import { formatBytes } from '../src/memory/format-bytes.js';
import type { DecodeProgress, TrainingInfo, TrainModelHooks } from '../src/commands/train/options.js';
import { startBackend } from './start-backend.js';
import { formatSkipped } from './format-skipped.js';
import { addAction, computing, type Action } from './options.js';
import { formatDuration } from './progress.js';
import { trainingFrameRate, type RunConfiguration } from '../src/training/configuration.js';
import { outputStem } from './output-stem.js';
import { buildConfiguration } from '../src/commands/train/build-configuration.js';
import { assertCompatibleFlags, parseExtension, trainFlags } from '../src/commands/train/flags.js';

const flags = { ...trainFlags, ...computing };

/** Returns the `train` command, which trains a model on clips or images. */
export function createCommand(): Command {
  const train = new Command('train')
    .description('train a model on your own clips or images')
    .helpGroup('Commands:')
    .addHelpText('after', EXAMPLES);
  return addAction(train, flags, trainOne, { shares: true });
}

const EXAMPLES = `
Examples:
  $ pxv train --frames clips/ --minutes 20
  $ pxv train --frames a.mp4 b.mp4 --validate c.mp4 --out runs/mine --size 32x32 --steps 2000
  $ pxv train --frames clips/ --fps 10 --minutes 20
  $ pxv train --frames clips/ --minutes 20 --watch     with a page of its progress
  $ pxv train --resume --out runs/mine
  $ pxv train --resume --out runs/mine --minutes 10
  $ pxv train --from video-64 --frames clips/ --minutes 5
  $ pxv train --images binarized-mnist --network diagonal-bilstm --hidden 16 --layers 7 --head-width 32
  $ pxv train --frames clips/ --scales 2 --size 64x64
  $ pxv train --frames moving-mnist --data mnist/ --minutes 60
  $ pxv predict c.mp4 --next 8 --model runs/mine`;

const trainOne: Action<typeof flags> = async ({ signal, progress, processGroup, markSaving }, options) => {
  assertCompatibleFlags(options);
  const { trainModel } = await import('../src/commands/train/train-model.js');
  const { describeOutcome, describeStart } = await import('../src/commands/train/describe-training.js');
  const { watchTraining } = await import('../src/commands/train/watch-training.js');
  const { networkName } = await import('../src/model/presets.js');
  const { assertPrecision } = await import('../src/backend/precision.js');
  const out = options.out ?? join('runs', outputStem(options.clips?.[0] ?? options.images ?? 'model'));
  const shown = (label: string, { name, ...done }: DecodeProgress) =>
    progress.show({ label, ...done, fields: { name } });
  const configuration = options.resume
    ? null
    : await buildConfiguration(options, (text) => progress.log(`pxv: ${text}`));
  const chosen = await startBackend(options, progress, processGroup);
  // A configuration falls back to float32; what the command line asks for is had, or refused.
  if (options.precision !== undefined) assertPrecision(options.precision);
  const onWarning = (text: string) => progress.log(`pxv: warning: ${text}`);
  if (options.dryRun) return describeDryRun(configuration!, out, onWarning);
  const started = performance.now();
  let begun = started;
  let isFixed = false;
  const keepsOther = options.overwrite && existsSync(out);
  let remedy = `run it again${keepsOther ? '; the earlier training is unchanged' : ''}`;
  let problem = 'interrupted before the first step';
  const hooks: TrainModelHooks = {
    signal,
    configurationFile: options.config,
    onWarning,
    onDecode: (decoding) => shown('decode', decoding),
    onList: (listing) => shown('read', listing),
    onResumable: () => (remedy = `go on with ${quoteCommand('pxv', 'train', '--resume', '--out', out)}`),
    onStart: (facts) => {
      begun = performance.now();
      problem = `interrupted at step ${facts.step}`;
      describeStart(facts, out).forEach((line) => progress.log(line));
      markSaving();
    },
    onCompare: (name) => progress.log(`scoring ${name} on the validation frames, for comparison`),
    onStep: ({ step, steps, time, bitsPerDim, validation, examplesPerSecond }) => {
      problem = `interrupted at step ${step}`;
      if (time !== null && steps !== null && !isFixed) {
        isFixed = true;
        progress.log(`planned: ${pluralize(steps, 'step')}, which take ${formatDuration(time.total)} at this rate`);
      }
      progress.show({
        label: 'train',
        done: step,
        total: steps,
        unit: 'steps',
        ...(time !== null && { time }),
        fields: {
          ...(bitsPerDim !== null && { 'bits/dim': bitsPerDim }),
          ...(validation !== null && { validation }),
          'examples/s': examplesPerSecond,
        },
      });
    },
  };
  const { overwrite, acceptChangedData, log } = options;
  const extension = parseExtension(options);
  const settings = { overwrite, acceptChangedData, log, extension, compare: true, processGroup };
  const watched = options.watch && processGroup.isMainProcess ? await watchTraining(out) : null;
  if (watched !== null) progress.log(`progress page: ${watched.address}`);
  const result = await trainModel(out, configuration, hooks, settings)
    .catch((error: unknown) => {
      if (!(error instanceof PxvError) || error !== signal.reason) throw error;
      throw new PxvError({ ...error.parts, argument: out, problem, remedy }, { cause: error });
    })
    .finally(() => watched?.close());
  const ended = performance.now();
  const { training, data: source } = result.configuration;
  const { data } = result.facts;
  return {
    text: [
      ...describeOutcome(result, formatDuration((ended - begun) / 1000)),
      'frames' in data && formatSkipped(data.skipped),
    ],
    json: {
      model: out,
      output: out,
      network: networkName(result.configuration.model),
      seed: training.seed,
      seconds: (ended - started) / 1000,
      steps: result.step,
      resumedFrom: result.facts.step,
      ...learntFrom(data, trainingFrameRate(source)),
      bitsPerDim: result.best?.bitsPerDim ?? null,
      bestStep: result.best?.step ?? null,
      lastBitsPerDim: result.last?.bitsPerDim ?? null,
      baselines: data.baselines,
      shipped: result.shipped,
      secondsPerStep: result.secondsPerStep,
      ...chosen,
      precision: training.precision,
    },
  };
};

/** Returns counts of what a training learned from, for `--json`. */
function learntFrom(data: TrainingInfo['data'], rate: FrameRate | null): object {
  if ('images' in data) return { images: data.images };
  if ('digits' in data) return { digits: data.digits };
  return { frames: data.frames, frameRate: rate && framesPerSecond(rate), skipped: data.skipped };
}

/** Describes the dry run of a training. */
async function describeDryRun(configuration: RunConfiguration, out: string, onWarning: (text: string) => void) {
  const { dryRunTraining } = await import('../src/commands/train/dry-run.js');
  const { networkName } = await import('../src/model/presets.js');
  const dryRun = await dryRunTraining(configuration, onWarning);
  const { found, parameters, memoryBytes, secondsPerStep } = dryRun;
  const { model, training } = configuration;
  const { width, height } = model.scales[model.scales.length - 1].size;
  const stages = training.stages.map(({ trains }, at) => `${secondsPerStep[at].toPrecision(2)} s a step (${trains})`);
  const length = training.steps === null ? `${training.minutes} minutes` : pluralize(training.steps, 'step');
  return {
    text: [
      `would learn from ${pluralize(found.count, found.unit.slice(0, -1))}, for ${length}, into ${out}`,
      `model: ${networkName(model)}, ${width}x${height}, ${parameters} parameters`,
      `memory: ${formatBytes(memoryBytes)} by count`,
      `time, as this machine is now: ${stages.join(', ')}`,
    ],
    json: { ...dryRun, output: out, steps: training.steps, minutes: training.minutes, configuration },
  };
}
