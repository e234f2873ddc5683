import { Command } from 'commander';
import { errorsOf } from '../src/foundation/errors.js';
import { numberOf } from '../src/foundation/number-of.js';
import { table, tableText } from '../src/document/blocks/table.js';
import { askedOf, futureDrawing, type Parsed } from '../src/options/fields.js';
import { scoreClipsFlags } from '../src/evaluate/options.js';
import { startWithModel } from './computing.js';
import { ABOUT_FUTURES, ABOUT_SIZES, askedSize, sizeFlags } from './clip-options.js';
import { leftOutLine } from './left-out.js';
import { addAction, computing, videoModel } from './options.js';
import type { Report, Work } from './action.js';
import { STANDARD_STREAM } from './standard-streams.js';

const flags = { ...scoreClipsFlags, ...futureDrawing, model: videoModel, ...sizeFlags("the model's"), ...computing };

export function command(): Command {
  const evalVideo = new Command('eval-video')
    .description('score clips: bits/dim one step ahead, and predicted frames against the true ones')
    .argument('<path...>', 'clips: video files, folders of numbered images, or folders of either')
    .addHelpText('after', ABOUT_FUTURES)
    .addHelpText('after', ABOUT_SIZES)
    .addHelpText('after', EXAMPLES);
  return addAction(evalVideo, flags, evaluate, { shares: true });
}

const EXAMPLES = `
Examples:
  $ pxv eval-video clip.mp4
  $ pxv eval-video clips/ --model runs/mine --horizon 16
  $ pxv eval-video clips/ --starts 8 --samples 8 --codecs
  $ pxv eval-video clips/ --adapt                      the same of a model that learns from each clip as it goes
  $ pxv eval-video clips/ --short-side 96              each at its own aspect
  $ pxv eval-video clips/ --horizon 0 --json           bits/dim only, as JSON`;

async function evaluate(
  { signal, progress, processGroup }: Work,
  paths: string[],
  options: Parsed<typeof flags>,
): Promise<Report> {
  const { scoreClips } = await import('../src/evaluate/score-clips.js');
  const { clipTable, forecastTables, summaryLines } = await import('../src/evaluate/score-tables.js');
  // It is read more than once.
  if (paths.includes(STANDARD_STREAM))
    throw misused(STANDARD_STREAM, 'files or folders of clips', 'standard input', 'write it to a file first');
  const { model, chosen, seconds } = await startWithModel(options, progress, processGroup);
  const own = model.chain.exampleShape.size;
  const score = await scoreClips(model, paths, {
    ...askedOf(scoreClipsFlags, options),
    ...askedSize(options, own),
    settings: askedOf(futureDrawing, options),
    signal,
    processGroup,
    onWarning: (text) => progress.say(`pxv: warning: ${text}`),
    onProgress: ({ done, clips, name, what, frames }) =>
      progress.show({
        label: 'eval-video',
        done,
        total: clips,
        unit: 'clips',
        fields: { clip: name, [what]: String(Math.floor(frames)) },
      }),
  });
  const { settings, ...figures } = score;
  const { forecasts, samples, leftOut, notReached } = figures;
  const { context } = model.chain.exampleShape;
  return {
    text: [
      tableText(clipTable(score, own)),
      '',
      ...summaryLines(score),
      ...(forecasts === null ? [] : forecastTables(forecasts, samples).flatMap((one) => ['', table.text(one)])),
      leftOutLine(leftOut),
      notReached > 0 && `interrupted: ${numberOf(notReached, 'clip')} not scored`,
    ],
    json: {
      ...{ model: model.name, seed: options.seed, seconds: seconds(), context, horizon: options.horizon },
      ...{ ...settings, ...figures, ...chosen },
    },
    failed: leftOut.some(({ named }) => named),
  };
}

const misused = errorsOf('USAGE', 'eval-video');
