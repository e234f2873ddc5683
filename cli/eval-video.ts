import { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import { formatTable } from '../src/evaluation/table.js';
import type { VideoScore } from '../src/tasks/score-clips.js';
import { startComputing } from './computing.js';
import { clipCount, leftOutLines } from './left-out.js';
import {
  addComputeOptions,
  addFitOption,
  addJsonOption,
  addModelOption,
  addSeedOption,
  wholeNumber,
} from './options.js';
import { run, type Report, type Work } from './report.js';

interface EvalVideoOptions extends BackendOptions {
  model?: string;
  horizon: number;
  fit: 'crop' | 'stretch';
  seed: number | bigint;
}

export function command(): Command {
  const evalVideo = new Command('eval-video')
    .description('score clips: bits/dim one step ahead, and predicted frames against the true ones')
    .argument('<path...>', 'clips: video files, folders of numbered images, or folders of either')
    .option(
      '--horizon <frames>',
      'frames to predict from the middle of each clip',
      wholeNumber('--horizon', 0, 1000),
      8,
    );
  addModelOption(evalVideo);
  addFitOption(evalVideo);
  addSeedOption(evalVideo);
  addJsonOption(evalVideo);
  addComputeOptions(evalVideo);
  evalVideo.addHelpText(
    'after',
    `
Examples:
  $ pxv eval-video clip.mp4
  $ pxv eval-video clips/ --model runs/mine --horizon 16
  $ pxv eval-video clips/ --horizon 0 --json           bits/dim only, as JSON`,
  );
  return evalVideo.action(run(evaluate));
}

async function evaluate({ signal, progress }: Work, paths: string[], options: EvalVideoOptions): Promise<Report> {
  const { loadModel, DEFAULT_VIDEO_MODEL } = await import('../src/model/checkpoint.js');
  const { scoreClips } = await import('../src/tasks/score-clips.js');
  const model = loadModel(options.model ?? DEFAULT_VIDEO_MODEL);
  const chosen = await startComputing(options, progress);
  const { horizon, fit, seed } = options;
  const started = performance.now();
  const score = await scoreClips(model, paths, {
    fit,
    horizon,
    seed,
    signal,
    onWarning: (text) => progress.say(`pxv: warning: ${text}`),
    onProgress: ({ clip, clips, name, what, frames }) =>
      progress.show({
        label: 'eval-video',
        done: clip,
        total: clips,
        unit: 'clips',
        fields: { clip: name, [what]: frames },
      }),
  });
  const seconds = (performance.now() - started) / 1000;
  const { clips, ...rest } = score;
  return {
    text: [clipTable(score), '', ...summaryLines(score), ...horizonTable(score), ...notScored(score)].join('\n'),
    json: {
      model: model.name,
      seed,
      seconds,
      context: model.chain.examples.context,
      ...rest,
      clips: clips.map(({ name, frames, bitsPerDim, previousFrameBitsPerDim }) => ({
        name,
        frames,
        bitsPerDim,
        previousFrameBitsPerDim,
      })),
      ...chosen,
    },
  };
}

function clipTable({ clips, bitsPerDim, baselines, frames }: VideoScore): string {
  const saved = (bits: number, baseline: number) => `${(100 * (1 - bits / baseline)).toFixed(1)}%`;
  const line = (name: string, count: number, bits: number, baseline: number) => [
    name,
    String(count),
    bits.toFixed(3),
    baseline.toFixed(3),
    saved(bits, baseline),
  ];
  return formatTable(
    [
      { title: 'clip', align: 'left' },
      { title: 'frames', align: 'right' },
      { title: 'bits/dim', align: 'right' },
      { title: 'previous frame', align: 'right' },
      { title: 'fewer bits', align: 'right' },
    ],
    [
      ...clips.map((clip) => line(clip.name, clip.frames, clip.bitsPerDim, clip.previousFrameBitsPerDim)),
      line('all', frames, bitsPerDim, baselines['previous-frame']),
    ],
  );
}

function summaryLines({
  bitsPerDim,
  exact,
  standardError,
  dimensions,
  baselines,
  clips,
  change,
}: VideoScore): string[] {
  const spread = Number.isNaN(standardError)
    ? ''
    : ` +- ${standardError.toFixed(3)} (standard error over ${clips.length} clips)`;
  return [
    `${exact ? '' : '<= '}${bitsPerDim.toFixed(3)} bits/dim${spread} over ${dimensions} dimensions, each frame given the true ones before it`,
    `baselines: uniform ${baselines.uniform.toFixed(2)}, previous frame ${baselines['previous-frame'].toFixed(3)}`,
    ...(change === null
      ? []
      : [
          `change from frame to frame: ${change.predicted.toFixed(2)} levels predicted, ${change.true.toFixed(2)} true`,
        ]),
  ];
}

/** What the figures do not speak of, in lines for people; empty where every clip was scored. */
function notScored({ leftOut, notReached }: VideoScore): string[] {
  return [...leftOutLines(leftOut), ...(notReached > 0 ? [`interrupted: ${clipCount(notReached)} not scored`] : [])];
}

function horizonTable({ psnr }: VideoScore): string[] {
  if (psnr === null) return [];
  const rows = psnr.predicted.map((value, h) => [String(h + 1), value.toFixed(2), psnr.copyLast[h].toFixed(2)]);
  return [
    '',
    formatTable(
      [
        { title: 'frames ahead', align: 'right' },
        { title: 'PSNR predicted', align: 'right' },
        { title: 'PSNR last frame', align: 'right' },
      ],
      rows,
    ),
  ];
}
