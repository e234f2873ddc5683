import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatFewerBits, uniformBitsPerDim } from '../../evaluation/baselines.js';
import { pluralize } from '../../foundation/pluralize.js';
import { buildChain } from '../../model/chain.js';
import { networkName } from '../../model/presets.js';
import type { Block } from '../../document/blocks/index.js';
import { makeNumber } from '../../document/blocks/number.js';
import type { Line } from '../../document/chart.js';
import { makeTable } from '../../document/blocks/table.js';
import { makeLines } from '../../document/blocks/text.js';
import type { Section } from '../../document/report.js';
import type { SectionSource } from '../../document/section-source.js';
import type { RunConfiguration } from '../../training/configuration.js';
import { RunFolder } from '../../training/run-folder.js';
import type { LogEntry } from '../../training/training-loop.js';
import { drawingCommand } from './describe-training.js';
import { groupByValidation, incomparableWarning, readRun, seedTable, type RecordedRun } from './recorded-runs.js';
import { sampleBlocks } from './sample-blocks.js';
import { quoteCommand } from '../../document/quote-command.js';
import { BITS_NOTE } from '../../document/notes.js';

/** Maximum number of points of a smoothed curve. */
const SMOOTHED = 150;
/** Maximum number of sample sheets: as many as fit a page of a few megabytes. */
const MAX_SHEETS = 24;

/** Source of the report section of trainings: one section for all consecutive run folders. */
export const sectionSource: SectionSource<string> = {
  reads: 'results',
  open: ({ path, names }) => (names !== null && new RunFolder(path).hasResults ? [path] : null),
  sections: async (paths, { onWarning }) => [await trainingSection(paths, MAX_SHEETS, onWarning)],
};

/**
 * Returns the report section that compares trainings: learning curves, samples and tables.
 * @param paths run folders, at least one
 * @param sheets maximum number of sample sheets of each training
 * @param onWarning called with a line if trainings cannot be compared
 */
export async function trainingSection(
  paths: readonly string[],
  sheets = MAX_SHEETS,
  onWarning?: (text: string) => void,
): Promise<Section> {
  const runs = paths.map(readRun);
  const [one] = runs;
  const isOne = runs.length === 1;
  const numbers: Block[] = isOne
    ? [
        ...bestOf(one),
        makeNumber('steps', String(one.log.at(-1)?.step ?? 0), ofSteps(one)),
        makeNumber('time', duration(one.seconds), 'of training, over all its runs'),
      ]
    : [];
  const learned = await Promise.all(
    runs.map(async ({ path, log, configuration, samples }) => {
      const title = isOne ? 'how it learned' : `how ${path} learned`;
      return configuration === null ? [] : sampleBlocks(title, samples, configuration, log, sheets);
    }),
  );
  const groups = groupByValidation(runs);
  const warning = incomparableWarning(groups);
  if (warning !== null) onWarning?.(warning);
  return {
    title: isOne ? `training ${one.path}` : `${pluralize(runs.length, 'training')} beside each other`,
    blocks: [
      ...numbers,
      ...(warning === null ? [] : [{ kind: 'text' as const, title: 'validated on different frames', text: warning }]),
      ...groups.map((group) => curves(group, groups.length > 1)),
      ...learned.flat(),
      summary(runs),
      ...seedTable(groups),
      ...computedBy(runs),
      commands(runs),
      ...runs.flatMap(givenTo),
    ],
  };
}

/** Returns the best validation, and its gain over the previous-frame baseline. */
function bestOf({ best, previousFrame }: RecordedRun): Block[] {
  if (best === null) return [];
  const { step, bitsPerDim } = best;
  const note = `at step ${step}; ${BITS_NOTE}`;
  const reached = makeNumber('best validation', bitsPerDim.toFixed(3), note, 'bits/dim');
  if (previousFrame === null) return [reached];
  const fewer = formatFewerBits(bitsPerDim, previousFrame);
  const told = `which needs ${previousFrame.toFixed(3)} bits/dim on what validates`;
  return [reached, makeNumber('fewer bits than the previous-frame baseline', fewer, told)];
}

function ofSteps({ configuration }: RecordedRun): string {
  const { steps = null, minutes = null } = configuration?.training ?? {};
  if (steps !== null) return `of ${steps}`;
  return minutes === null ? 'so far' : `so far; it ends after ${pluralize(minutes, 'minute')}`;
}

/**
 * Returns the learning curves of the runs: smoothed training, validations, and baselines that are near.
 * @param isNamed true to name the runs in the title, as of one chart of several
 */
function curves(runs: readonly RecordedRun[], isNamed: boolean): Block {
  const names = shortNames(runs.map(({ path }) => path));
  const nameOf = (run: number, what: string) => (runs.length === 1 ? what : `${names[run]}, ${what}`);
  const smoothed = runs.map(({ log }) => meansOver(log.filter(({ bitsPerDim }) => bitsPerDim !== undefined)));
  const validations = runs.map(({ log }) =>
    log.flatMap(({ step, validation }) => (validation === undefined ? [] : [[step, validation] as const])),
  );
  // The first steps are excluded from the range, which they would dominate.
  const settled = smoothed.flatMap((points) => points.slice(Math.ceil(points.length / 20)));
  const shown = [...settled, ...validations.flat()].map(([, bits]) => bits).filter(Number.isFinite);
  const [least, most] = shown.length === 0 ? [0, 8] : [Math.min(...shown), Math.max(...shown)];
  const near = baselinesOf(runs).filter(([name, bits]) => bits < (name === 'uniform' ? most : 2 * most));
  const to = Math.max(most, ...near.map(([, bits]) => bits)) + 0.05 * (most - least);
  const last = Math.max(1, ...runs.map(({ log }) => log.at(-1)?.step ?? 0));
  const lines = runs.flatMap((_, look): Line[] => [
    { name: nameOf(look, 'training'), points: smoothed[look], look, role: 'faint' },
    { name: nameOf(look, 'validation'), points: validations[look], look },
  ]);
  return {
    kind: 'series',
    title: isNamed ? `learning curves of ${runs.map(({ path }) => path).join(', ')}` : 'learning curves',
    x: { label: 'steps', from: 0, to: last, unit: 'whole' },
    y: { label: 'bits/dim', to },
    lines: [
      ...lines.filter(({ points }) => points.length > 0),
      ...near.map(([name, bits]): Line => ({
        name: `${name}, ${bits.toFixed(2)} bits/dim`,
        role: 'baseline',
        points: [0, last].map((step) => [step, bits]),
      })),
    ],
    note: `${BITS_NOTE}. Training is smoothed; no model learns from validation frames.`,
  };
}

/**
 * Shortens paths for display: removes the leading folders that all paths share. The last part of a path always stays.
 */
function shortNames(paths: readonly string[]): string[] {
  const split = paths.map((path) => path.split(/[/\\]/).filter(Boolean));
  const most = Math.min(...split.map(({ length }) => length)) - 1;
  let shared = 0;
  while (shared < most && split.every((parts) => parts[shared] === split[0][shared])) shared++;
  return split.map((parts) => parts.slice(shared).join('/'));
}

/** Returns the distinct baselines of the runs. */
function baselinesOf(runs: readonly RecordedRun[]): [name: string, bitsPerDim: number][] {
  const levels = runs.flatMap(({ configuration }) => configuration?.model.scales.at(-1)?.levels ?? []);
  const previous = runs.flatMap(({ previousFrame }) => previousFrame ?? []);
  return [
    ...[...new Set(previous)].map((bits): [string, number] => ['previous frame', bits]),
    ...[...new Set(levels)].map((count): [string, number] => ['uniform', uniformBitsPerDim(count)]),
  ];
}

/** Returns means of bits/dim over intervals of steps, each at the middle of its interval. */
function meansOver(log: readonly LogEntry[]): (readonly [number, number])[] {
  const length = Math.max(1, Math.ceil(log.length / SMOOTHED));
  return Array.from({ length: Math.ceil(log.length / length) }, (_, at) => {
    const part = log.slice(at * length, (at + 1) * length);
    return [part[part.length >> 1].step, part.reduce((sum, { bitsPerDim }) => sum + bitsPerDim, 0) / part.length];
  });
}

function summary(runs: readonly RecordedRun[]): Block {
  const rows = runs.map(({ path, log, configuration, best, seconds }) => {
    const validated = log.findLast(({ validation }) => validation !== undefined);
    const last = log.at(-1)?.step ?? 0;
    return [
      path,
      configuration === null ? '-' : (networkName(configuration.model) ?? 'own'),
      configuration === null ? '-' : String(parametersOf(configuration)),
      String(last),
      duration(seconds),
      best === null ? '-' : best.bitsPerDim.toFixed(3),
      best === null ? '-' : String(best.step),
      validated === undefined ? '-' : validated.validation.toFixed(3),
      configuration?.training.seed ?? '-',
    ];
  });
  const titles = ['training', 'network', 'parameters', 'steps', 'time', 'best validation', 'at step', 'last', 'seed'];
  return {
    ...makeTable('llrrrrrrr', titles, rows),
    title: 'runs',
    note: 'validation in bits/dim; time is that of the steps',
  };
}

function parametersOf({ model }: RunConfiguration): number {
  const sizes = buildChain(model).parameters.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Returns the table of machines that computed each run. */
function computedBy(runs: readonly RecordedRun[]): Block[] {
  const rows = runs.flatMap(({ path, machines }) =>
    machines.map(({ step, cpu, cores, arithmetic, threads, pxv, node, platform }) => [
      ...[path, String(step), cpu, String(cores), arithmetic, threads === null ? '-' : String(threads)],
      ...[pxv, `${node} on ${platform}`],
    ]),
  );
  if (rows.length === 0) return [];
  const titles = ['training', 'from step', 'processor', 'cores', 'arithmetic', 'threads', 'pxv', 'Node.js'];
  return [{ ...makeTable('lrlrlrll', titles, rows), title: 'computed by' }];
}

/** Returns the commands that continue or use the runs. */
function commands(runs: readonly RecordedRun[]): Block {
  const lines = runs.flatMap(({ path, configuration }) => [
    quoteCommand('pxv', 'train', '--resume', '--out', path),
    drawingCommand(configuration?.model ?? { version: 1, scales: [] }, path),
  ]);
  return makeLines('commands to continue', lines);
}

/** Returns the configuration and the list of files of a run. */
function givenTo({ path, configuration }: RecordedRun): Block[] {
  const data = join(path, 'data.jsonl');
  const given = [
    ['configuration', configuration === null ? null : JSON.stringify(configuration, null, 2)],
    ['files', existsSync(data) ? readFileSync(data, 'utf8').trimEnd() : null],
  ] as const;
  return given.flatMap(([what, text]): Block[] =>
    text === null ? [] : [{ ...makeLines(`${what} of ${path}`, [text]), folded: true }],
  );
}

function duration(seconds: number): string {
  const minutes = seconds / 60;
  if (minutes < 1) return `${seconds.toFixed(0)} s`;
  return minutes < 90 ? `${minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`;
}
