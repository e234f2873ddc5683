import { makeTable, type Table } from '../../document/blocks/table.js';
import { computeMean } from '../../evaluation/statistics.js';
import { readBestValidation, RunFolder } from '../../training/run-folder.js';

/** Training as read from its run folder. */
export type RecordedRun = ReturnType<typeof readRun>;

/**
 * Reads the log, the configuration and the samples of a training from its run folder. What is missing there is empty or
 * null.
 */
export function readRun(path: string) {
  const folder = new RunFolder(path);
  const log = folder.readLog();
  return {
    /** Path of the run folder. */
    path,
    /** Entries of the log, in order of the steps. */
    log,
    /** Null if config.json is missing, or of another version. */
    configuration: folder.readConfiguration(),
    /** Validation with the lowest bits/dim; null if there was none. */
    best: readBestValidation(path),
    /** Bits/dim of the previous-frame baseline on the held-out data; null if the log has none. */
    previousFrame: log.findLast(({ previousFrame }) => previousFrame !== undefined)?.previousFrame ?? null,
    /** Duration of the steps in seconds, the sum over the log. */
    seconds: log.reduce((sum, { seconds = 0 }) => sum + seconds, 0),
    /** Sheets of samples drawn after validations. */
    samples: folder.samples,
    /** Machines that the training ran on. */
    machines: folder.readMachines(),
  };
}

/**
 * Groups runs by the frames or images that they validated on: bits/dim can be compared within a group alone. Clips
 * count as the same frames if the previous-frame baseline and the number of scored frames are equal. A run without
 * validation joins the group of the first run that has one.
 */
export function groupByValidation(runs: readonly RecordedRun[]): RecordedRun[][] {
  const keys = runs.map(validatedOn);
  const first = keys.find((key) => key !== null) ?? null;
  return groupBy(runs, (_, index) => keys[index] ?? first);
}

/**
 * Returns a key that is equal for runs that validated on the same frames or images. Returns null for a run without
 * validation. The previous-frame baseline, computed from every held-out frame, stands for the frames of clips.
 */
function validatedOn({ best, previousFrame, configuration }: RecordedRun): string | null {
  if (best === null) return null;
  const { data, training, model } = configuration ?? {};
  const images = data?.type === 'images' ? [data, model?.scales.at(-1)?.size] : null;
  return JSON.stringify([previousFrame, images, training?.validationExamples]);
}

/** Returns a warning if there are several groups of runs, with the command that makes runs comparable; else null. */
export function incomparableWarning(groups: readonly (readonly RecordedRun[])[]): string | null {
  if (groups.length < 2) return null;
  const named = groups.map((group) => group.map(({ path }) => path).join(' and ')).join('; ');
  const isImages = groups.every((group) => group.every(({ configuration }) => configuration?.data.type === 'images'));
  const command = isImages ? 'pxv eval-images SET --model RUN' : 'pxv eval-video CLIPS --horizon 0 --model RUN';
  return (
    `these validated on different frames, so that their bits/dim cannot be compared: ${named}. ` +
    `To score each on the same: ${command}. Trainings with the same --validate validate on the same`
  );
}

/**
 * Returns a list with one table of bits/dim of trainings that differ by the seed alone: mean and standard deviation
 * over seeds, of the best and the last validation. Trainings of different `groups` are never combined. Returns an empty
 * list if no configuration has two runs.
 */
export function seedTable(groups: readonly (readonly RecordedRun[])[]): Table[] {
  const rows = groups
    .flatMap((group) => groupBy(group, configurationKey))
    .filter((runs) => runs.length > 1)
    .map((runs) => [
      runs.map(({ path }) => path).join(', '),
      String(runs.length),
      ...meanAndSpread(runs.flatMap(({ best }) => best?.bitsPerDim ?? [])),
      ...meanAndSpread(runs.flatMap(({ log }) => log.findLast(isValidated)?.validation ?? [])),
    ]);
  if (rows.length === 0) return [];
  const titles = ['trainings', 'seeds', 'best validation, mean', 'spread', 'last, mean', 'spread'];
  const note = 'of one configuration with several seeds; validation in bits/dim, spread as standard deviation';
  return [{ ...makeTable('lrrrrr', titles, rows), title: 'seeds of one configuration', note }];
}

const isValidated = ({ validation }: Record<string, number | undefined>) => validation !== undefined;

/**
 * Returns the configuration of a run, without the seed, as a key for `groupBy`. If the length was given in minutes, the
 * key leaves out the number of steps too, which depends on the speed. Returns the path if there is no configuration.
 */
function configurationKey({ path, configuration }: RecordedRun): string {
  if (configuration === null) return path;
  const { training, ...others } = configuration;
  const { steps, minutes } = training;
  const length = minutes === null ? { steps } : { steps: null, pace: [] };
  return JSON.stringify({ ...others, training: { ...training, ...length, seed: '' } });
}

/** Returns the mean and the sample standard deviation, as text. */
function meanAndSpread(values: readonly number[]): string[] {
  const { mean, standardError } = computeMean(values);
  const deviation = standardError * Math.sqrt(values.length);
  return [mean, deviation].map((value) => (Number.isNaN(value) ? '-' : value.toFixed(3)));
}

/** Returns the items in groups of equal keys, each in order of its first item. */
function groupBy<Item>(items: readonly Item[], keyOf: (item: Item, index: number) => string | null): Item[][] {
  const groups = new Map<string | null, Item[]>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item, index);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}
