import { z } from 'zod';
import type { BackendOptions } from '../../backend/choose-backend.js';
import { errorFactory } from '../../foundation/errors.js';
import { DEFAULT_SEED } from '../../foundation/philox.js';
import {
  anySeed,
  withFlag,
  pickOptions,
  SEED,
  flagSpelling,
  booleanFlag,
  type ParsedOptions,
} from '../../foundation/option-fields.js';
import { trainingDataFlags, modelFlags, trainingFlags, stageFlags, trainModelFields } from './options.js';
import { dataSchema, type DataType } from '../../training/configuration.js';
import type { Extension } from '../../training/pace.js';

const { overwrite, acceptChangedData, log } = trainModelFields;
/** All flags of `pxv train`. The flags have no defaults, so that only given flags override a configuration file. */
export const trainFlags = {
  ...trainingDataFlags,
  out: withFlag(z.string().optional(), 'run', 'folder of the run (default: runs/<name of the first path or set>)'),
  ...modelFlags,
  ...trainingFlags,
  ...stageFlags,
  seed: withFlag(anySeed.optional(), 'number', `${SEED} (default: ${DEFAULT_SEED})`),
  config: withFlag(
    z.string().optional(),
    'file',
    'configuration of a training (config.json); options on the command line override it',
  ),
  resume: booleanFlag(
    'resume the training in --out, to the same weights as without a stop; --steps (in all) or ' +
      '--minutes (more) give it another length',
  ),
  acceptChangedData,
  overwrite,
  log,
  watch: booleanFlag('serve a page of the training in progress to this machine alone, and print its address'),
  dryRun: booleanFlag('print the data, memory and time of the training, and train nothing'),
};

/** Parsed options of `pxv train`, with those of the backend. */
export type TrainOptions = ParsedOptions<typeof trainFlags> & BackendOptions;
/** Name of an option of `pxv train`. */
export type TrainFlag = keyof typeof trainFlags;

/** Returns an option as the user types it. */
export function optionOf(name: TrainFlag): string {
  return flagSpelling(name, trainFlags[name]);
}

/** Value of `--from` for random weights. */
export const RANDOM_WEIGHTS = 'none';

/** Options that may be given with `--resume`: the folder has the configuration, of which only the length changes. */
const besideResume: readonly TrainFlag[] = ['resume', 'steps', 'minutes', 'acceptChangedData', 'log', 'watch', 'out'];

/** Returns true if an option is of the model that `--from` names. The size is not: no weight depends on it. */
function isOfModel(name: TrainFlag): boolean {
  return name in modelFlags && name !== 'size';
}

/**
 * Throws if options conflict: options that --from or --resume determine, options that need --resume, or --steps and
 * --minutes together.
 * @throws PxvError `USAGE`
 */
export function assertCompatibleFlags(options: TrainOptions): void {
  const { resume, from, acceptChangedData, steps, minutes } = options;
  if (acceptChangedData && !resume) {
    const received = 'a new training, which uses the present data';
    const remedy = 'leave out --accept-changed-data, or go on with a training by --resume';
    throw misused('--accept-changed-data', '--resume beside it', received, remedy);
  }
  if (steps !== undefined && minutes !== undefined)
    throw misused('--minutes', 'one length of the training', '--steps and --minutes', 'leave out one of them');
  const hasModel = from !== undefined && from !== RANDOM_WEIGHTS;
  if (!resume && !hasModel) return;
  const brings = resume ? '--resume' : '--from';
  const names = Object.keys(pickOptions(trainFlags, options)) as TrainFlag[];
  const name = names.find((one) => (resume ? !besideResume.includes(one) : isOfModel(one)));
  if (name === undefined) return;
  const remedy = `leave out ${optionOf(name)}, or leave out ${brings}`;
  throw misused(optionOf(name), `no option that ${brings} brings with it`, 'both', remedy);
}

/**
 * Returns the new length of a resumed training, from --steps or --minutes. Returns undefined if neither is given, or
 * without --resume.
 */
export function parseExtension({ resume, steps, minutes }: TrainOptions): Extension | undefined {
  if (!resume) return undefined;
  return steps !== undefined ? { steps } : minutes !== undefined ? { minutes } : undefined;
}

/** Options that choose the data. */
const choosers: readonly TrainFlag[] = ['clips', 'images'];
/** Options for models of video. */
const ofVideo: readonly TrainFlag[] = ['context', 'frames'];

/** Returns the kinds of data that an option applies to: an option of the data to those whose settings have it. */
function kindsOf(name: TrainFlag): readonly DataType[] {
  const key = name === 'data' ? 'folder' : name;
  const isOfSome = name in trainingDataFlags && !choosers.includes(name);
  return dataSchema.options
    .filter(({ shape }) => (isOfSome ? key in shape : shape.type.value !== 'images' || !ofVideo.includes(name)))
    .map(({ shape }) => shape.type.value);
}

/** Options that choose a kind of data. */
export const chosenBy: Record<DataType, string> = { clips: '--frames', images: '--images', 'moving-mnist': '--frames' };

/** Throws if an option does not apply to the kind of data. @throws PxvError `USAGE` */
export function assertFlagsOfData(options: TrainOptions, type: DataType): void {
  for (const name of Object.keys(pickOptions(trainFlags, options)) as TrainFlag[]) {
    const kinds = kindsOf(name);
    if (kinds.includes(type)) continue;
    const remedy = `leave out ${optionOf(name)}, or train on ${chosenBy[kinds[0]]}`;
    const expected = `${kinds.join(' or ')} to train on, which alone have this option`;
    throw misused(optionOf(name), expected, type, remedy);
  }
}

const misused = errorFactory('USAGE', 'train');
