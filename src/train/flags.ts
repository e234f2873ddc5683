import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { BackendOptions } from '../backend/choose-backend.js';
import { errorFactory } from '../foundation/errors.js';
import { formatFrameRate } from '../foundation/frame-rate.js';
import type { ModelChoices, TrainingRequest } from './configure-training.js';
import {
  anySeed,
  withFlag,
  pickOptions,
  SEED,
  flagSpelling,
  booleanFlag,
  type ParsedOptions,
} from '../options/fields.js';
import { trainingDataFlags, modelFlags, trainingFlags, stageFlags, trainModelFields } from './options.js';
import { readLaunch } from '../distributed/launch.js';
import type { DataType, RunConfiguration } from '../training/configuration.js';
import type { Extension } from '../training/pace.js';

const { overwrite, acceptChangedData, log } = trainModelFields;
/** All flags of `pxv train`. The flags have no defaults, so that only given flags override a configuration file. */
export const trainFlags = {
  ...trainingDataFlags,
  out: withFlag(z.string().optional(), 'run', 'folder of the run (default: runs/<name of the first path or set>)'),
  ...modelFlags,
  ...trainingFlags,
  ...stageFlags,
  seed: withFlag(anySeed.optional(), 'number', `${SEED} (default: 1)`),
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
type TrainFlag = keyof typeof trainFlags;

/** Kinds of data that an option applies to, for options that do not apply to all. */
const kindsOf: { readonly [Name in TrainFlag]?: readonly DataType[] } = {
  validate: ['clips'],
  fit: ['clips'],
  frameRate: ['clips'],
  context: ['clips', 'moving-mnist'],
  frames: ['clips', 'moving-mnist'],
  data: ['images', 'moving-mnist'],
};
/** Options that choose a kind of data. */
const chosenBy: Record<DataType, string> = { clips: '--frames', images: '--images', 'moving-mnist': '--frames' };
/** Value of `--frames` for sequences of Moving MNIST; a path of this name comes first. */
const MOVING_MNIST = 'moving-mnist' satisfies DataType;
/** Options that may be given with `--resume`. */
const besideResume = ['resume', 'steps', 'minutes', 'acceptChangedData', 'log', 'watch', 'out'];

/** Returns an option as the user types it. */
function optionOf(name: TrainFlag): string {
  return flagSpelling(name, trainFlags[name]);
}

/** Configuration file before validation. */
interface ConfigurationFile {
  model?: unknown;
  training?: Record<string, unknown>;
  data?: DataOfFile | null;
}

interface DataOfFile {
  type?: unknown;
  list?: unknown;
  frames?: unknown;
  set?: unknown;
}

/**
 * Returns the new length of a resumed training, from --steps or --minutes. Returns undefined if neither is given, or
 * without --resume.
 */
export function parseExtension({ resume, steps, minutes }: TrainOptions): Extension | undefined {
  if (!resume) return undefined;
  return steps !== undefined ? { steps } : minutes !== undefined ? { minutes } : undefined;
}

/**
 * Returns the configuration that the options define, on top of the file of `--config` if given.
 * @param say called with each line that the user should know
 * @throws PxvError as `configureTraining`; `USAGE` if an option has no meaning beside another or beside the file
 */
export async function buildConfiguration(
  options: TrainOptions,
  say: (text: string) => void,
): Promise<RunConfiguration> {
  const { configureTraining } = await import('./configure-training.js');
  const { config, steps, minutes, rate, seed } = options;
  const file = config === undefined ? {} : readConfiguration(config);
  const { model, training = {}, data, ...unknown } = file as ConfigurationFile;
  const length = steps === undefined && minutes === undefined ? {} : { steps: null, minutes: null, pace: [] };
  if (config === undefined && options.shared !== undefined && options.factors === undefined)
    throw misused('--shared', '--scales beside it', 'none', 'leave out --shared, which would change nothing');
  const asked: ModelChoices = pickOptions(modelFlags, options);
  const request = {
    ...unknown,
    model: await overridden(model, asked, config, say),
    training: {
      ...(readLaunch() !== null && { shards: SHARDS_OF_LAUNCHED }),
      // A configuration starts from random weights unless it or an option names a model.
      ...(config !== undefined && { from: null }),
      ...training,
      ...length,
      ...pickOptions(trainingFlags, options),
      ...(options.from === RANDOM_WEIGHTS && { from: null }),
      ...(rate !== undefined && { stages: withRate(training.stages, rate) }),
      ...(seed !== undefined && { seed: String(seed) }),
    },
    data: await dataOf(options, data ?? undefined),
  };
  const source = {
    ...({ operation: 'train', argument: config ?? 'options', code: 'USAGE' } as const),
    optionAt: (path: readonly PropertyKey[]) => optionAt(path, options),
  };
  return configureTraining(request as TrainingRequest, source, say);
}

/** Returns the given option that sets the value at a path of the configuration; undefined if none does. */
function optionAt([part, ...inner]: readonly PropertyKey[], options: TrainOptions): string | undefined {
  const ofTraining = inner.length > 1 ? stageFlags : trainingFlags;
  const flags = part === 'model' ? modelFlags : part === 'training' ? ofTraining : {};
  const name = inner.findLast((key) => typeof key === 'string') as TrainFlag | undefined;
  return name !== undefined && name in flags && options[name] !== undefined ? optionOf(name) : undefined;
}

/** Value of `--from` for random weights. */
const RANDOM_WEIGHTS = 'none';

/** Default number of shards under mpirun, regardless of the number of ranks, so that the ranks change no weight. */
const SHARDS_OF_LAUNCHED = 8;

/**
 * Returns the stages of a configuration file with another peak learning rate.
 * @throws PxvError `USAGE` for several stages
 */
function withRate(stages: unknown, rate: number): object[] {
  if (stages === undefined) return [{ rate }];
  if (Array.isArray(stages) && stages.length === 1) return [{ ...(stages[0] as object), rate }];
  const received = 'stages that have a rate each';
  throw misused('--learning-rate', 'a training of one stage', received, 'change the rates in the file');
}

/**
 * Returns the model of a configuration file with the choices of the options, and reports each change.
 * @throws PxvError `USAGE` if the file's model is no preset network that options can change
 */
async function overridden(model: unknown, asked: ModelChoices, file: string | undefined, say: (text: string) => void) {
  const names = Object.keys(asked) as (keyof typeof modelFlags)[];
  if (names.length === 0) return model;
  if (model === undefined || file === undefined) return asked;
  const { isDescription } = await import('./configure-training.js');
  if (typeof model === 'object' && model !== null && !isDescription(model)) return { ...model, ...asked };
  const { modelSchema } = await import('../model/description.js');
  const { parseConfiguration } = await import('../foundation/parse-configuration.js');
  const { inferChoices } = await import('../model/presets.js');
  const { resizeDescription } = await import('../model/resize-description.js');
  const source = { operation: 'train', argument: file, code: 'USAGE' } as const;
  const described = parseConfiguration(modelSchema, model, source);
  const choices = inferChoices(described);
  const tell = (name: TrainFlag, before: string, now: string) => {
    if (before !== now) say(`${optionOf(name)}: ${now} in place of the ${before} of ${file}`);
  };
  if (choices === null) {
    // No weight depends on the size, so the size of any model can change.
    if (asked.size !== undefined && names.length === 1) {
      tell('size', shown(described.scales[described.scales.length - 1].size), shown(asked.size));
      return resizeDescription(described, asked.size);
    }
    const expected = 'a model that options describe, where one of them other than --size is given beside --config';
    const received = `a model of its own, and ${names.map(optionOf).join(', ')}`;
    throw misused(file, expected, received, 'change the model in the file');
  }
  for (const name of names) tell(name, shown(choices[name]), shown(asked[name]));
  return { ...choices, ...asked };
}

/** Returns a choice as its option is typed. */
function shown(value: ModelChoices[keyof ModelChoices]): string {
  if (value === undefined || value === null) return 'default';
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'object' && 'width' in value ? `${value.width}x${value.height}` : String(value);
}

/**
 * Returns the data settings: the options over the file's. Paths become absolute, so that a run resumes from any folder.
 */
async function dataOf(options: TrainOptions, file: DataOfFile | undefined): Promise<object> {
  const { clips, images, fit, frameRate: rate } = options;
  if (clips !== undefined && images !== undefined)
    throw misused('--images', 'clips or images to train on', 'both', 'leave out --frames or --images');
  const type = dataType(options, file);
  if (clips === undefined && images === undefined && !statesData(file)) {
    const ofClips = 'video files or folders, as in pxv train --frames clips/';
    const ofImages = 'a data set, as in pxv train --images mnist';
    const remedy = file === undefined ? `${ofClips}, or ${ofImages}` : type === 'images' ? ofImages : ofClips;
    const lacking = file === undefined ? '--frames or --images' : chosenBy[type];
    const problem = `no training data${options.config === undefined ? '' : ` in ${options.config}`}`;
    throw misused(lacking, 'training data', 'none', `give ${remedy}`, { problem });
  }
  for (const [name, kinds] of Object.entries(kindsOf) as [TrainFlag, readonly DataType[]][]) {
    if (options[name] === undefined || kinds.includes(type)) continue;
    const remedy = `leave out ${optionOf(name)}, or train on ${chosenBy[kinds[0]]}`;
    const expected = `${kinds.join(' or ')} to train on, which alone have this option`;
    throw misused(optionOf(name), expected, type, remedy);
  }
  const folder = options.data && resolve(options.data);
  if (images !== undefined) {
    const { imageSets } = await import('../../datasets/index.js');
    const isName = imageSets.some(({ name }) => name === images);
    const set = isName || !existsSync(images) ? images : resolve(images);
    return { type, set, ...(folder !== undefined && { folder }) };
  }
  if (clips !== undefined && type === MOVING_MNIST) return { type, ...(folder !== undefined && { folder }) };
  // An empty path would resolve to the current folder.
  const whole = (path: string) => (path === '' ? path : resolve(path));
  const [frames, validate] = [clips, options.validate].map((paths) => paths?.map(whole));
  const frameRate = rate && formatFrameRate(rate);
  const named = clips !== undefined && file?.type !== 'clips' ? { type: 'clips' } : file;
  // The path of a list is relative to the configuration file.
  const list = typeof named?.list === 'string' ? resolve(dirname(options.config!), named.list) : undefined;
  const given = Object.entries({ list, frames, validate, fit, frameRate, folder });
  return { ...named, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}

/** Returns true if a configuration file states which clips, images or sequences to train on, as a recipe may not. */
function statesData(file: DataOfFile | undefined): boolean {
  if (file?.type === 'clips') return file.frames !== undefined;
  return file !== undefined && (file.type !== 'images' || file.set !== undefined);
}

/** Returns the kind of data that the options choose, else the file's. Returns `clips` if the file's kind is unknown. */
function dataType({ clips, images }: TrainOptions, file: DataOfFile | undefined): DataType {
  if (images !== undefined) return 'images';
  if (clips !== undefined)
    return clips.length === 1 && clips[0] === MOVING_MNIST && !existsSync(MOVING_MNIST) ? MOVING_MNIST : 'clips';
  const type = file?.type as DataType;
  return type in chosenBy ? type : 'clips';
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
  const name = names.find((one) => (resume ? !besideResume.includes(one) : one in modelFlags && one !== 'size'));
  if (name === undefined) return;
  const remedy = `leave out ${optionOf(name)}, or leave out ${brings}`;
  throw misused(optionOf(name), `no option that ${brings} brings with it`, 'both', remedy);
}

function readConfiguration(path: string): object {
  const expected = 'a JSON file such as the config.json of a run folder';
  const wrong = (received: string) =>
    errorFactory('USAGE', 'read configuration')(path, expected, received, 'check --config');
  if (!existsSync(path)) throw wrong('no such file');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw wrong('JSON that is not an object');
}

const misused = errorFactory('USAGE', 'train');
