import { Command } from 'commander';
import { z } from 'zod';
import { numberOf } from '../src/foundation/number-of.js';
import { asked, type Parsed } from '../src/tasks/options/fields.js';
import { surpriseFlags } from '../src/tasks/options/surprise.js';
import { startWithModel } from './computing.js';
import { ABOUT_SIZES, askedSize, sizeFlags } from './clip-options.js';
import { addAction, askedOf, computing } from './options.js';
import { oneLine } from './progress.js';
import type { Report, Work } from './report.js';
import { stemOf } from './stem.js';
import { formatTable } from './table.js';

/** It keeps up with a camera of 64x64, where the large one does not. */
const DEFAULT_MODEL = 'video-64-small';

const flags = {
  out: asked(z.string().optional(), 'folder', 'for the film and the timeline (default: <clip>-surprise)'),
  ...surpriseFlags,
  model: asked(z.string().default(DEFAULT_MODEL), 'run|name', 'run folder, .safetensors file or shipped model'),
  ...sizeFlags("the clip's aspect, with the shorter side of the model"),
  ...computing,
};

export function command(): Command {
  const surprise = new Command('surprise')
    .description('find what was unexpected in a clip: a film of where its bits are, and the moments that stood out')
    .argument('<clip>', 'video file, or folder of numbered images')
    .addHelpText('after', ABOUT)
    .addHelpText('after', ABOUT_SIZES)
    .addHelpText('after', EXAMPLES);
  return addAction(surprise, flags, find);
}

const ABOUT = `
Each place of a frame is compared with itself: what it costs in bits, given the frames before, with what it usually costs.
A score of 3 is 3 deviations above that. The first two seconds tell what is usual, and nothing stands out in them.`;

const EXAMPLES = `
Examples:
  $ pxv surprise clip.mp4                              writes clip-surprise/film.mp4, timeline.png, timeline.csv
  $ pxv surprise clip.mp4 --learn 60s                  what the first minute shows is usual
  $ pxv surprise monday.mp4 --learn normal/            what other clips of the same camera show is usual
  $ pxv surprise clip.mp4 --model runs/mine            by a model that learned the scene (see pxv train --from)
  $ pxv surprise clip.mp4 --json                       moments and timeline, as JSON`;

/** Moments that are listed for people. */
const LISTED = 8;

async function find({ signal, progress }: Work, clip: string, options: Parsed<typeof flags>): Promise<Report> {
  const { findSurprise } = await import('../src/tasks/find-surprise.js');
  const { clock } = await import('../src/video/index.js');
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const out = options.out ?? `${stemOf(clip)}-surprise`;
  const found = await findSurprise(model, clip, {
    ...askedOf(surpriseFlags, options),
    ...askedSize(options, model.chain.exampleShape.size),
    ...{ out, signal },
    onProgress: ({ what, done, total }) => progress.show({ label: what, done, total, unit: 'frames' }),
    onWarning: (text) => progress.say(`pxv: warning: ${text}`),
  });
  const { path, moments, frameRate, frames, bitsPerDim, ...others } = found;
  const time = (frame: number) => clock(frame / frameRate);
  const rows = moments
    .slice(0, LISTED)
    .map(({ from, to, score, box: { x, y, width, height } }) => [
      ...[time(from), time(to), score.toFixed(1)],
      `${width}x${height} at ${x},${y}`,
    ]);
  return {
    text: [
      rows.length === 0
        ? 'nothing to compare: the clip has no more than its first two seconds'
        : 'what stood out most:',
      ...(rows.length === 0 ? [] : [formatTable('llrl', [['from', 'to', 'score', 'where'], ...rows]), '']),
      oneLine(
        `${path}: ${numberOf(frames, 'frame')} at ${bitsPerDim.toFixed(3)} bits/dim in ${seconds().toFixed(1)} s: film.mp4, timeline.png, timeline.csv`,
      ),
    ],
    json: {
      ...{ model: model.name, output: path, seconds: seconds(), frames, frameRate, bitsPerDim },
      ...{ moments, ...others, ...chosen },
    },
  };
}
