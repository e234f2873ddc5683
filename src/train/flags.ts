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
  positiveNumber,
  SEED,
  flagSpelling,
  booleanFlag,
  type ParsedOptions,
} from '../options/fields.js';
import { dataFlags, modelFlags, trainingFlags, trainModelFields } from './options.js';
import { launchOf } from '../distributed/launch.js';
import type { RunConfiguration } from '../training/configuration.js';
import type { Extension } from '../training/pace.js';

const { overwrite, acceptChangedData, log } = trainModelFields;
/** What `pxv train` asks for. Nothing has a default here, so that whatever is given comes before a configuration file. */
export const trainFlags = {
  ...dataFlags,
  out: withFlag(z.string().optional(), 'run', 'folder of the run (default: runs/<name of the first path or set>)'),
  ...modelFlags,
  ...trainingFlags,
  rate: withFlag(positiveNumber.optional(), 'rate', 'highest learning rate (default: 0.002; with --from 0.0003)', {
    name: 'learning-rate',
    max: 10,
  }),
  seed: withFlag(anySeed.optional(), 'number', `${SEED} (default: 1)`),
  config: withFlag(
    z.string().optional(),
    'file',
    'a config.json that holds the model and more; options given here come first',
  ),
  resume: booleanFlag(
    'go on with the training in --out, to the very same weights as without a stop; --steps (in all) or --minutes (more) give it another length',
  ),
  acceptChangedData,
  overwrite,
  log,
  watch: booleanFlag('serve a page to this machine alone that shows the training as it goes; its address is said'),
  dryRun: booleanFlag('say what would be learned from, in how much memory and time, and train nothing'),
};

export type TrainOptions = ParsedOptions<typeof trainFlags> & BackendOptions;
type TrainFlag = keyof typeof trainFlags;

/** Options of one kind of data, which the other has no use for. */
const optionsOf = { clips: ['validate', 'fit', 'frameRate', 'context', 'frames'], images: ['data'] } as const;
/** Options that leave a resumed run what it is. */
const besideResume = ['resume', 'steps', 'minutes', 'acceptChangedData', 'log', 'watch', 'out'];

/** How a person writes an option. */
function optionOf(name: TrainFlag): string {
  return flagSpelling(name, trainFlags[name]);
}

/** A configuration file before it is checked. */
interface ConfigurationFile {
  model?: unknown;
  training?: Record<string, unknown>;
  data?: { type?: unknown; list?: unknown };
}

function refuseUnused({ factors, shared }: TrainOptions): void {
  const unused = (option: string, needed: string, received: string) =>
    misused(option, `${needed} beside it`, received, `leave out ${option}, which would change nothing`);
  if (shared !== undefined && factors === undefined) throw unused('--shared', '--scales', 'none');
}

/** The other length that a training gets which goes on; undefined: none. */
export function parseExtension({ resume, steps, minutes }: TrainOptions): Extension | undefined {
  if (!resume) return undefined;
  return steps !== undefined ? { steps } : minutes !== undefined ? { minutes } : undefined;
}

/**
 * The configuration that the options mean, over that of --config where it is given.
 * @param say told what the user should know of it
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
  if (config === undefined) refuseUnused(options);
  const asked: ModelChoices = pickOptions(modelFlags, options);
  const request = {
    ...unknown,
    model: await overridden(model, asked, config, say),
    training: {
      ...(launchOf() !== null && { shards: SHARDS_OF_LAUNCHED }),
      ...training,
      ...length,
      ...pickOptions(trainingFlags, options),
      ...(rate !== undefined && { stages: withRate(training.stages, rate) }),
      ...(seed !== undefined && { seed: String(seed) }),
    },
    data: await dataOf(options, data),
  };
  const source = { operation: 'train', argument: config ?? 'options', code: 'USAGE' } as const;
  return configureTraining(request as TrainingRequest, source, say);
}

/** Whatever the number of ranks, so that it changes no weight. */
const SHARDS_OF_LAUNCHED = 8;

/** The stages of a configuration file with another highest rate. @throws PxvError `USAGE` where there are several */
function withRate(stages: unknown, rate: number): object[] {
  if (stages === undefined) return [{ rate }];
  if (Array.isArray(stages) && stages.length === 1) return [{ ...(stages[0] as object), rate }];
  const received = 'stages that have a rate each';
  throw misused('--learning-rate', 'a training of one stage', received, 'change the rates in the file');
}

/**
 * The model of a configuration file with other choices, each of which is said.
 * @throws PxvError `USAGE` where no choices describe the file's model
 */
async function overridden(
  model: unknown,
  asked: ModelChoices,
  file: string | undefined,
  say: (text: string) => void,
): Promise<unknown> {
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
    // No weight depends on the size, so that any model has another.
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

/** A choice as it is given to its option. */
function shown(value: ModelChoices[keyof ModelChoices]): string {
  if (value === undefined || value === null) return 'default';
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'object' && 'width' in value ? `${value.width}x${value.height}` : String(value);
}

/** What to learn from: the options' over the file's. Paths are made whole, so that a run resumes from any folder. */
async function dataOf(options: TrainOptions, file: ConfigurationFile['data']): Promise<object> {
  const { clips, images, fit, frameRate: rate } = options;
  if (clips !== undefined && images !== undefined)
    throw misused('--images', 'clips or images to learn from', 'both', 'leave out --frames or --images');
  if (clips === undefined && images === undefined && file === undefined)
    throw misused(
      '--frames or --images',
      'what to learn from',
      'none',
      'give video files or folders, as in pxv train --frames clips/, or a data set, as in pxv train --images mnist',
    );
  const ofImages = images !== undefined || (clips === undefined && file?.type === 'images');
  const unused = optionsOf[ofImages ? 'clips' : 'images'].find((name) => options[name] !== undefined);
  if (unused !== undefined) {
    const [used, received, source] = ofImages ? ['clips', 'images', '--frames'] : ['images', 'clips', '--images'];
    const remedy = `leave out ${optionOf(unused)}, or learn from ${source}`;
    throw misused(optionOf(unused), `${used} to learn from, which alone have it`, received, remedy);
  }
  const folder = options.data && resolve(options.data);
  if (images !== undefined) {
    const { imageSets } = await import('../../datasets/index.js');
    const isName = imageSets.some(({ name }) => name === images);
    const set = isName || !existsSync(images) ? images : resolve(images);
    return { type: 'images', set, ...(folder !== undefined && { folder }) };
  }
  // An empty path would become the folder at hand.
  const whole = (path: string) => (path === '' ? path : resolve(path));
  const [frames, validate] = [clips, options.validate].map((paths) => paths?.map(whole));
  const frameRate = rate && formatFrameRate(rate);
  const named = clips !== undefined && file?.type !== 'clips' ? { type: 'clips' } : file;
  // A list stands beside the file that names it.
  const list = typeof named?.list === 'string' ? resolve(dirname(options.config!), named.list) : undefined;
  const given = Object.entries({ list, frames, validate, fit, frameRate, folder });
  return { ...named, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}

/**
 * A model to start from brings its description, a resumed run brings everything: options that they would overrule are
 * refused, as are those that mean something for a resumed run alone, and two lengths of one training.
 */
export function assertCompatibleFlags(options: TrainOptions): void {
  const { resume, from, acceptChangedData, steps, minutes } = options;
  if (acceptChangedData && !resume) {
    const received = 'a new training, which takes the data as they are';
    const remedy = 'leave out --accept-changed-data, or go on with a training by --resume';
    throw misused('--accept-changed-data', '--resume beside it', received, remedy);
  }
  if (steps !== undefined && minutes !== undefined)
    throw misused('--minutes', 'one length of the training', '--steps and --minutes', 'leave out one of them');
  if (!resume && from === undefined) return;
  const brings = resume ? '--resume' : '--from';
  const names = Object.keys(pickOptions(trainFlags, options)) as TrainFlag[];
  const name = names.find((one) => (resume ? !besideResume.includes(one) : one in modelFlags));
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
