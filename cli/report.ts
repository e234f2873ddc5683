import { Command } from 'commander';
import { z } from 'zod';
import { pluralize } from '../src/foundation/pluralize.js';
import { toOneLine } from '../src/foundation/control-characters.js';
import { withFlag, pickOptions } from '../src/foundation/option-fields.js';
import { reportFlags } from '../src/commands/report/options.js';
import { startWithModel } from './start-backend.js';
import { addAction, computing, videoModel, type Action } from './options.js';

const flags = {
  out: withFlag(z.string().default('report.html'), 'path', 'the page, an .html file'),
  model: videoModel,
  ...reportFlags,
  ...computing,
};

/** Returns the `report` command, which writes a page about trainings, scores, searches and clips. */
export function createCommand(): Command {
  const report = new Command('report')
    .description('write a report as a page: of trainings, scores, anomalies, or a clip and its prediction')
    .argument('<what...>', 'run folders, JSON that eval-video or surprise printed, folders of surprise, clips')
    .addHelpText('after', [ABOUT, EXAMPLES].join('\n'));
  return addAction(report, flags, write);
}

const ABOUT = `
The page is one file that needs no network. Trainings that are named one after another are drawn over one another,
and apart if they validated on different frames.`;

const EXAMPLES = `
Examples:
  $ pxv report runs/mine                               how a training went: curves, figures, configuration
  $ pxv report runs/a runs/b --out compared.html       trainings over one another, and in one table
  $ pxv report clip.mp4                                last frames of the clip beside predicted ones, to scrub through
  $ pxv report clip.mp4 --model runs/mine --hold-out 16 --samples 8
  $ pxv eval-video clips/ --json > score.json && pxv report score.json
  $ pxv surprise clip.mp4 && pxv report clip-surprise  the timeline, and its events
  $ pxv report runs/mine score.json --csv              the figures as CSV beside the page`;

const write: Action<typeof flags, [string[]]> = async ({ signal, progress }, paths, options) => {
  const { loadSectionSources } = await import('../src/commands/section-sources.js');
  const { writeReport } = await import('../src/commands/report/write-report.js');
  const { reportJson, reportText } = await import('../src/document/report.js');
  const { quoteCommand } = await import('../src/document/quote-command.js');
  const { out } = options;
  const { path, bytes, csv, sections } = await writeReport(await loadSectionSources(), paths, {
    ...pickOptions(reportFlags, options),
    out,
    signal,
    model: async () => (await startWithModel(options, progress)).model,
    made:
      `by ${quoteCommand('pxv', 'report', ...paths)}, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} ` +
      'UTC',
    onProgress: ({ name, what, done, total }) =>
      progress.show({ label: what, done, total, unit: 'frames', fields: { clip: name } }),
    onWarning: (text) => progress.log(`pxv: warning: ${text}`),
  });
  const figures = csv === null ? '' : `; figures in ${csv}`;
  return {
    text: [
      reportText({ sections }),
      '',
      toOneLine(`${path}: ${pluralize(sections.length, 'section')}, ${(bytes / 1e6).toFixed(1)} MB${figures}`),
    ],
    json: { output: path, bytes, csv, ...reportJson({ title: path, sections }) },
  };
};
