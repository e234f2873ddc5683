import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorFactory, type PxvError } from '../../foundation/errors.js';
import { formatFrameRate } from '../../foundation/frame-rate.js';
import { readLaunch } from '../../distributed/launch.js';
import { pickOptions } from '../../foundation/option-fields.js';
import type { DataType, RunConfiguration } from '../../training/configuration.js';
import { defaultShards } from '../../training/data-defaults.js';
import type { ModelChoices, TrainingRequest } from './configure-training.js';
import { assertFlagsOfData, chosenBy, optionOf, RANDOM_WEIGHTS, type TrainFlag, type TrainOptions } from './flags.js';
import { clipFlags, modelFlags, stageFlags, trainingFlags } from './options.js';

/** Value of `--frames` for sequences of Moving MNIST; a path of this name comes first. */
const MOVING_MNIST = 'moving-mnist' satisfies DataType;

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
 * Returns the configuration that the options define, on top of the file of `--config` if given: an option overrides the
 * file, and the file overrides the defaults.
 * @param say called with each line that the user should know
 * @throws PxvError as `configureTraining`; `USAGE` if an option has no meaning beside another or beside the file
 */
export async function buildConfiguration(
  options: TrainOptions,
  say: (text: string) => void,
): Promise<RunConfiguration> {
  const { configureTraining } = await import('./configure-training.js');
  const { config } = options;
  const { model, training, data, ...unknown }: ConfigurationFile =
    config === undefined ? {} : readConfiguration(config);
  if (config === undefined && options.shared !== undefined && options.factors === undefined)
    throw misused('--shared', '--scales beside it', 'none', 'leave out --shared, which would change nothing');
  const request = {
    ...unknown,
    model: await overrideModel(model, options, say),
    training: overrideTraining(training, options),
    data: await overrideData(data ?? undefined, options),
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

/** Returns the training settings of a configuration file with those of the options. */
function overrideTraining(ofFile: Record<string, unknown> = {}, options: TrainOptions): object {
  const { config, from, steps, minutes, rate, seed } = options;
  const hasLength = steps !== undefined || minutes !== undefined;
  return {
    ...(readLaunch() !== null && { shards: defaultShards.launched }),
    // A configuration starts from random weights unless it or an option names a model.
    ...(config !== undefined && { from: null }),
    ...ofFile,
    ...(hasLength && { steps: null, minutes: null, pace: [] }),
    ...pickOptions(trainingFlags, options),
    ...(from === RANDOM_WEIGHTS && { from: null }),
    ...(rate !== undefined && { stages: withRate(ofFile.stages, rate) }),
    ...(seed !== undefined && { seed: String(seed) }),
  };
}

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
async function overrideModel(model: unknown, options: TrainOptions, say: (text: string) => void): Promise<unknown> {
  const asked: ModelChoices = pickOptions(modelFlags, options);
  const file = options.config;
  const names = Object.keys(asked) as (keyof typeof modelFlags)[];
  if (names.length === 0) return model;
  if (model === undefined || file === undefined) return asked;
  const { isDescription } = await import('./configure-training.js');
  if (typeof model === 'object' && model !== null && !isDescription(model)) return { ...model, ...asked };
  const { modelSchema } = await import('../../model/description.js');
  const { parseConfiguration } = await import('../../foundation/parse-configuration.js');
  const { inferChoices } = await import('../../model/presets.js');
  const { resizeDescription } = await import('../../model/resize-description.js');
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
 * Returns the data settings of a configuration file with those of the options. Paths become absolute, so that a run
 * resumes from any folder.
 */
async function overrideData(ofFile: DataOfFile | undefined, options: TrainOptions): Promise<object> {
  const { clips, images } = options;
  if (clips !== undefined && images !== undefined)
    throw misused('--images', 'clips or images to train on', 'both', 'leave out --frames or --images');
  const type = dataType(options, ofFile);
  if (clips === undefined && images === undefined && !statesData(ofFile)) throw withoutData(options, type, ofFile);
  assertFlagsOfData(options, type);
  const folder = options.data && resolve(options.data);
  if (images !== undefined) return { type, set: await setOrFolder(images), ...(folder !== undefined && { folder }) };
  if (clips !== undefined && type === MOVING_MNIST) return { type, ...(folder !== undefined && { folder }) };
  const frames = clips?.map(absolutePath);
  const validate = options.validate?.map(absolutePath);
  const frameRate = options.frameRate && formatFrameRate(options.frameRate);
  const named = clips !== undefined && ofFile?.type !== 'clips' ? { type: 'clips' } : ofFile;
  // The path of a list is relative to the configuration file.
  const list = typeof named?.list === 'string' ? resolve(dirname(options.config!), named.list) : undefined;
  const given = Object.entries({ ...pickOptions(clipFlags, options), list, frames, validate, frameRate, folder });
  return { ...named, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}

/** Returns the absolute path. An empty path stays empty: it would become the current folder. */
function absolutePath(path: string): string {
  return path === '' ? path : resolve(path);
}

/** Returns the name of a data set as it is, and the absolute path of a folder of images. */
async function setOrFolder(images: string): Promise<string> {
  const { imageSets } = await import('../../../datasets/index.js');
  const isName = imageSets.some(({ name }) => name === images);
  return isName || !existsSync(images) ? images : resolve(images);
}

/** Returns the error for neither clips nor images to train on. */
function withoutData({ config }: TrainOptions, type: DataType, ofFile: DataOfFile | undefined): PxvError {
  const ofClips = 'video files or folders, as in pxv train --frames clips/';
  const ofImages = 'a data set, as in pxv train --images mnist';
  const remedy = ofFile === undefined ? `${ofClips}, or ${ofImages}` : type === 'images' ? ofImages : ofClips;
  const lacking = ofFile === undefined ? '--frames or --images' : chosenBy[type];
  const problem = `no training data${config === undefined ? '' : ` in ${config}`}`;
  return misused(lacking, 'training data', 'none', `give ${remedy}`, { problem });
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
