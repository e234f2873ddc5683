import { basename } from 'node:path';
import { Command, Option } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import { framesPerSecond } from '../src/frame-rate.js';
import type { AskedRate } from '../src/tasks/clip-rate.js';
import { startComputing } from './computing.js';
import { addFutureOptions, futureSettings, type FutureOptions } from './draw-options.js';
import {
  addComputeOptions,
  addFitOption,
  addJsonOption,
  addModelOption,
  addOverwriteOption,
  addRateOption,
  addSeedOption,
  wholeNumber,
} from './options.js';
import { run, type Report, type Work } from './report.js';

interface PredictOptions extends BackendOptions, FutureOptions {
  next: number;
  model?: string;
  out?: string;
  overwrite?: boolean;
  samples: number;
  mean?: boolean;
  bestGuess?: boolean;
  from?: number;
  onlyPredicted?: boolean;
  plain?: boolean;
  scale?: number;
  slow: number;
  fit: 'crop' | 'stretch';
  fps?: AskedRate;
  seed: number | bigint;
}

export function command(): Command {
  const predict = new Command('predict')
    .description('write a clip whose last frames are predicted')
    .argument('<clip>', 'a video file or a folder of numbered images')
    .addOption(
      new Option('--next <frames>', 'frames to predict').argParser(wholeNumber('--next', 1, 100_000)).default(8),
    )
    .option('--out <path>', '.mp4, .gif, .png (contact sheet) or a folder (default: <clip>-predicted.mp4)')
    .option('--samples <count>', 'futures to draw, a panel for each', wholeNumber('--samples', 1, 64), 1)
    .addOption(new Option('--mean', 'write the mean of the samples, in place of each').conflicts('bestGuess'))
    .addOption(
      new Option('--best-guess', 'write the expected frames, without chance: the model feeds them back').conflicts([
        'samples',
        'temperature',
        'topP',
        'componentTemperature',
        'noise',
        'mode',
      ]),
    )
    .option(
      '--from <frame>',
      'first frame to predict, counted from 0; the truth is shown beside',
      wholeNumber('--from', 1),
    )
    .option('--only-predicted', 'leave the known frames out')
    .option('--plain', 'the bare frames, without labels, borders and frame numbers')
    .option('--scale <factor>', 'enlarge for the eye (default: enough for the labels)', wholeNumber('--scale', 1, 64))
    .option('--slow <factor>', 'play so many times slower than the clip', wholeNumber('--slow', 1, 100), 1);
  addOverwriteOption(predict);
  addFutureOptions(predict);
  addModelOption(predict);
  addFitOption(predict);
  addRateOption(predict);
  addSeedOption(predict);
  addJsonOption(predict);
  addComputeOptions(predict);
  predict.addHelpText(
    'after',
    `
Examples:
  $ pxv predict clip.mp4 --next 8                      writes clip-predicted.mp4
  $ pxv predict clip.mp4 --next 16 --out future.gif --scale 4 --samples 3
  $ pxv predict clip.mp4 --from 20 --out beside.png    predicted frames beside the true ones
  $ pxv predict clip.mp4 --best-guess                   the one future that is expected, at once
  $ pxv predict clip.mp4 --samples 8 --mean             the mean of eight futures
  $ pxv predict clip.mp4 --model runs/mine --fps model    at the rate that the model learned at
  $ pxv predict frames/ --model runs/mine --seed 7`,
  );
  return predict.action(run(predictFrames, 'finishing: saving'));
}

async function predictFrames({ signal, progress }: Work, clip: string, options: PredictOptions): Promise<Report> {
  const { loadModel, DEFAULT_VIDEO_MODEL } = await import('../src/model/checkpoint.js');
  const { predictClip } = await import('../src/tasks/predict-clip.js');
  const { next, samples, scale, slow, plain, onlyPredicted, fit, seed, overwrite = false } = options;
  const out = options.out ?? `${basename(clip).replace(/\.\w+$/, '')}-predicted.mp4`;
  const model = loadModel(options.model ?? DEFAULT_VIDEO_MODEL);
  const chosen = await startComputing(options, progress);
  const started = performance.now();
  const result = await predictClip(model, clip, {
    out,
    overwrite,
    horizon: next,
    samples,
    from: options.from ?? null,
    forecast: options.bestGuess ? 'best-guess' : options.mean ? 'mean' : 'samples',
    settings: futureSettings(options),
    seed,
    scale,
    slow,
    plain,
    onlyPredicted,
    fit,
    frameRate: options.fps,
    signal,
    onProgress: (done, total) => progress.show({ label: 'predict', done, total, unit: 'frames' }),
    onWarning: (text) => progress.say(`pxv: warning: ${clip}: ${text}`),
  });
  const seconds = (performance.now() - started) / 1000;
  const { size, channels, context } = model.chain.examples;
  const { known, predicted, bitsPerDim, exact, frameRate } = result;
  return {
    text: `${out}: ${known} frames of ${clip}, then ${predicted} predicted by ${model.name} in ${seconds.toFixed(1)} s`,
    json: {
      model: model.name,
      seed,
      output: out,
      seconds,
      frames: result.frames,
      known,
      predicted,
      samples,
      context,
      width: size.width,
      height: size.height,
      channels,
      frameRate: framesPerSecond(frameRate),
      bitsPerDim,
      exact,
      ...chosen,
    },
  };
}
