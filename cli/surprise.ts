import { Command } from 'commander';
import { z } from 'zod';
import { errorFactory } from '../src/foundation/errors.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { withFlag, pickOptions, booleanFlag, type ParsedOptions } from '../src/foundation/option-fields.js';
import { surpriseFlags } from '../src/commands/surprise/options.js';
import { prefetchClip } from './prefetch-clip.js';
import { startWithModel } from './start-backend.js';
import { ABOUT_SIZES, sizeOptions, sizeFlags } from './clip-options.js';
import { addAction, computing, videoModel, type Action } from './options.js';
import { toOneLine } from '../src/foundation/control-characters.js';
import { tableText } from '../src/document/blocks/table.js';
import { STANDARD_STREAM } from './standard-streams.js';
import { outputStem } from './output-stem.js';

const flags = {
  out: withFlag(
    z.string().optional(),
    'path',
    'folder for the video, the timeline and the events, or .mp4 for the video alone (default: <clip>-surprise; of - ' +
      'none)',
  ),
  ...surpriseFlags,
  csv: booleanFlag('print the timeline, row by row as frames are scored', { conflicts: ['json'] }),
  model: videoModel,
  ...sizeFlags("the clip's aspect, with the shorter side of the model"),
  ...computing,
};

/** Returns the `surprise` command, which finds unexpected events in a clip. */
export function createCommand(): Command {
  const surprise = new Command('surprise')
    .description('find anomalies in a clip: heat maps of its bits as a video, and the largest events')
    .argument('<clip>', 'video file, folder of numbered images, array (.npy), or - for a video from standard input')
    .addHelpText('after', [ABOUT, ABOUT_SIZES, EXAMPLES].join('\n'));
  return addAction(surprise, flags, find);
}

const ABOUT = `
Each region of a frame is scored by its bits, given the frames before, and by its difference from the expected frame,
against its baseline. A score says how often a frame as unexpected is seen where nothing happens: 1 every 9 seconds,
2 every 2 minutes, 3 every quarter of an hour, 4 every 3 hours, 5 once a day. Without --learn the baseline runs along
and forgets in about 20 seconds. That of a file starts from its first 20 seconds, which are scored against all of
themselves. That of standard input starts from the first 2 seconds, in which no event is found.
An event extends from where the score rises above 1 to where it last falls, with gaps up to half a second.
With --threshold the exit code is 3 if there was an event. Then standard input also gives a line of JSON for each
event as it ends; what else is printed goes to standard error.
Results are saved at intervals: after an interruption the same command resumes.
The score of a frame follows half a second later. Standard input is read until it ends or is interrupted.`;

const EXAMPLES = `
Examples:
  $ pxv surprise clip.mp4                              writes film.mp4, timeline.png and two .csv to clip-surprise/
  $ pxv surprise clip.mp4 --learn 60s                  baseline: the first minute
  $ pxv surprise monday.mp4 --learn normal/            baseline: other clips of the same camera
  $ pxv surprise clip.mp4 --model runs/mine            by a model that learned the scene (see pxv train --from)
  $ pxv surprise clip.mp4 --threshold 3; echo $?       3 if there was an event of score 3 or more
  $ pxv surprise clip.mp4 --json                       events and timeline, as JSON
  $ ffmpeg -i rtsp://camera -f mpegts - | pxv surprise - --fps 10 --drop-late --csv`;

/** Maximum number of events in the text output. */
const LISTED = 8;

const find: Action<typeof flags, [string]> = async ({ signal, progress }, clip, options) => {
  refuseMisplaced(clip, options);
  if (clip !== STANDARD_STREAM) await prefetchClip(clip, signal);
  const { findSurprise } = await import('../src/commands/surprise/find-surprise.js');
  const { eventTable } = await import('../src/commands/surprise/report-section.js');
  const { TIMELINE_COLUMNS, formatTimelineRow } = await import('../src/commands/surprise/search-tables.js');
  const { DEFAULT_THRESHOLD } = await import('../src/anomaly/event-detector.js');
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const isLive = clip === STANDARD_STREAM;
  const { threshold } = options;
  const alarms = isLive && threshold !== undefined;
  const out = options.out ?? (isLive ? undefined : `${outputStem(clip)}-surprise`);
  if (options.csv) process.stdout.write(`${TIMELINE_COLUMNS}\n`);
  const found = await findSurprise(model, isLive ? process.stdin : clip, {
    ...pickOptions(surpriseFlags, options),
    ...sizeOptions(options, model.chain.exampleShape.size),
    out,
    signal,
    keepFinished: true,
    ...(options.csv && {
      onFrame: (row, rate) => void process.stdout.write(`${formatTimelineRow(row, rate)}\n`),
    }),
    ...(alarms && {
      onEvent: (event, rate) =>
        void process.stdout.write(`${JSON.stringify({ ...event, seconds: event.from / rate })}\n`),
    }),
    onProgress: ({ what, done, total }) => progress.show({ label: LABELS[what], done, total, unit: 'frames' }),
    onWarning: (text) => progress.log(`pxv: warning: ${text}`),
  });
  const { path, ...figures } = found;
  const { events, frameRate, frames, dropped, bitsPerDim } = figures;
  const listed = events.length === 0 ? '' : events.length > LISTED ? `, the ${LISTED} largest first:` : ':';
  const shown = eventTable(events.slice(0, LISTED), frameRate);
  return {
    text: [
      `${pluralize(events.length, 'event')} with a score of ${threshold ?? DEFAULT_THRESHOLD} or more${listed}`,
      ...(events.length === 0 ? [] : [tableText(shown), '']),
      toOneLine(
        `${path ?? clip}: ${pluralize(frames, 'frame')} at ${bitsPerDim.toFixed(3)} bits/dim in ` +
          `${seconds().toFixed(1)} s${dropped > 0 ? `, ${dropped} dropped` : ''}`,
      ),
    ],
    json: { model: model.name, output: path, seconds: seconds(), ...figures, ...chosen },
    ...((options.csv || alarms) && { stream: process.stderr }),
    isAlarm: threshold !== undefined && events.length > 0,
  };
};

/** Labels of the progress line: the baseline is fitted to normal clips, then the frames are scored. */
const LABELS = { learn: 'baseline', watch: 'score' } as const;

/**
 * Throws if raw frames would come from a file, frames of a file would be dropped, a clip would come from a terminal, or
 * two kinds of lines would be mixed.
 * @throws PxvError `USAGE`
 */
function refuseMisplaced(clip: string, { rawSize, dropLate, csv, threshold }: ParsedOptions<typeof flags>): void {
  const misused = errorFactory('USAGE', 'surprise');
  const ofStream = (flag: string, remedy: string) => misused(flag, '- for standard input', clip, remedy);
  if (clip !== STANDARD_STREAM && rawSize !== undefined)
    throw ofStream('--raw', 'leave out --raw, or send the frames: pxv surprise - --raw 64x64');
  if (clip !== STANDARD_STREAM && dropLate)
    throw ofStream('--drop-late', 'leave out --drop-late: all frames of a file are scored');
  if (clip === STANDARD_STREAM && csv && threshold !== undefined)
    throw misused('--csv', 'rows of the timeline or of events', '--threshold', 'leave out one of both');
  if (clip === STANDARD_STREAM && process.stdin.isTTY)
    throw misused('standard input', 'a video, through a pipe or from a file', 'a terminal', 'see pxv surprise --help');
}
