import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import type { Precision } from '../src/backend/precision.js';
import { PxvError } from '../src/errors.js';
import type { Size } from '../src/frame.js';
import { frameRateText, type FrameRate } from '../src/frame-rate.js';
import type { NetworkName, PresetSettings } from '../src/model/presets.js';
import type { ModelChoices, TrainingRequest } from '../src/tasks/configure-training.js';
import type { RunConfiguration } from '../src/training/configuration.js';
import type { OptimiserName } from '../src/training/optimisers.js';
import type { Extension } from '../src/training/pace.js';

export interface TrainOptions extends BackendOptions {
  frames?: string[];
  validate?: string[];
  images?: string;
  data?: string;
  out?: string;
  network: NetworkName;
  hidden: number;
  layers: number;
  head?: PresetSettings['head'];
  headWidth?: number[];
  initialState: 'zero' | 'learned';
  size?: Size;
  channels?: 'rgb' | 'gray';
  levels?: number;
  context?: number;
  conditioning?: PresetSettings['frames'];
  scales?: number[];
  shared: 'known' | 'predicted';
  fit?: 'crop' | 'stretch';
  fps?: FrameRate;
  batch?: number;
  steps?: number;
  minutes?: number;
  optimiser?: OptimiserName;
  precision?: Precision;
  learningRate?: number;
  mirror?: boolean;
  from?: string;
  config?: string;
  resume?: boolean;
  acceptChangedData?: boolean;
  overwrite?: boolean;
  seed: number | bigint;
}

/** Options that describe the model, and the choice that each is. */
const modelOptions = {
  network: 'network',
  hidden: 'hidden',
  layers: 'layers',
  head: 'head',
  headWidth: 'output',
  initialState: 'initialState',
  size: 'size',
  channels: 'channels',
  levels: 'levels',
  context: 'context',
  conditioning: 'frames',
  scales: 'factors',
  shared: 'shared',
} as const satisfies Partial<Record<keyof TrainOptions, keyof ModelChoices>>;

/** Options of one kind of data, which the other has no use for. */
const optionsOf = { clips: ['validate', 'fit', 'fps', 'context', 'conditioning'], images: ['data'] } as const;
/** Options that leave a resumed run what it is. */
const besideResume = [
  'resume',
  'steps',
  'minutes',
  'acceptChangedData',
  'out',
  'json',
  'threads',
  'backend',
  'instructionSet',
];

/** A configuration file before it is checked. */
interface ConfigurationFile {
  model?: unknown;
  training?: Record<string, unknown>;
  data?: { type?: unknown; list?: unknown };
}

/** Refuses options that would change nothing. */
function refuseUnused(options: TrainOptions, isGiven: (name: keyof TrainOptions) => boolean): void {
  const { network, initialState, scales } = options;
  const refuse = (option: string, needed: string, received: string) => {
    throw new PxvError({
      ...{ code: 'USAGE', operation: 'train', argument: option, expected: `${needed} beside it`, received },
      remedy: `leave out ${option}, which would change nothing`,
    });
  };
  if (initialState === 'learned' && network === 'pixel-cnn') refuse('--initial-state', 'a --network of LSTMs', network);
  if (isGiven('shared') && scales === undefined) refuse('--shared', '--scales', 'none');
}

/** The other length that a training gets which goes on; undefined: none. */
export function extensionOf({ resume, steps, minutes }: TrainOptions): Extension | undefined {
  if (!resume) return undefined;
  if (steps !== undefined && minutes !== undefined) throw bothLengths();
  return steps !== undefined ? { steps } : minutes !== undefined ? { minutes } : undefined;
}

/**
 * The configuration that the options mean, over that of --config where it is given.
 *
 * @param say told what the user should know of it
 */
export async function configurationOf(
  train: Command,
  options: TrainOptions,
  say: (text: string) => void,
): Promise<RunConfiguration> {
  const { configureTraining } = await import('../src/tasks/configure-training.js');
  const {
    model,
    training = {},
    data,
    ...unknown
  } = (options.config === undefined ? {} : readConfiguration(options.config)) as ConfigurationFile;
  if (options.steps !== undefined && options.minutes !== undefined) throw bothLengths();
  const length =
    options.steps === undefined && options.minutes === undefined ? {} : { steps: null, minutes: null, pace: [] };
  const isGiven = (name: keyof TrainOptions) => train.getOptionValueSource(name) === 'cli';
  if (options.config === undefined) refuseUnused(options, isGiven);
  const asked = choicesAsked(options, isGiven);
  const request = {
    ...unknown,
    model: model === undefined ? asked : await overridden(model, asked, options.config!, say),
    training: {
      ...training,
      ...length,
      ...given({ batch: options.batch, steps: options.steps, minutes: options.minutes }),
      ...given({ optimiser: options.optimiser, precision: options.precision }),
      ...given({ from: options.from }),
      ...(isGiven('mirror') && { mirror: options.mirror }),
      ...(options.learningRate !== undefined && { stages: withRate(training.stages, options.learningRate) }),
      ...(isGiven('seed') && { seed: String(options.seed) }),
    },
    data: await dataOf(options, data),
  };
  const source = { operation: 'train', argument: options.config ?? 'options', code: 'USAGE' } as const;
  return configureTraining(request as TrainingRequest, source, say);
}

/**
 * The stages of a configuration file with another highest rate.
 *
 * @throws PxvError `USAGE` where there are several
 */
function withRate(stages: unknown, rate: number): object[] {
  if (stages === undefined) return [{ rate }];
  if (Array.isArray(stages) && stages.length === 1) return [{ ...(stages[0] as object), rate }];
  throw new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: '--learning-rate',
    expected: 'a training of one stage',
    received: 'stages that have a rate each',
    remedy: 'change the rates in the file',
  });
}

/** The choices of the model that are given; undefined: none is. */
function choicesAsked(options: TrainOptions, isGiven: (name: keyof TrainOptions) => boolean): ModelChoices | undefined {
  const names = (Object.keys(modelOptions) as (keyof typeof modelOptions)[]).filter(isGiven);
  if (names.length === 0) return undefined;
  const valueOf = (name: keyof TrainOptions) =>
    name === 'channels' ? (options.channels === 'gray' ? 1 : 3) : options[name];
  return Object.fromEntries(names.map((name) => [modelOptions[name], valueOf(name)]));
}

/**
 * The model of a configuration file with other choices, each of which is said.
 *
 * @throws PxvError `USAGE` where no choices describe the file's model
 */
async function overridden(
  model: unknown,
  asked: ModelChoices | undefined,
  file: string,
  say: (text: string) => void,
): Promise<unknown> {
  if (asked === undefined) return model;
  const { isDescription } = await import('../src/tasks/configure-training.js');
  if (typeof model === 'object' && model !== null && !isDescription(model)) return { ...model, ...asked };
  const { modelSchema } = await import('../src/model/description.js');
  const { parseConfiguration } = await import('../src/model/parse-configuration.js');
  const { choicesOf } = await import('../src/model/presets.js');
  const { modelAtSize } = await import('../src/model/smaller-models.js');
  const source = { operation: 'train', argument: file, code: 'USAGE' } as const;
  const described = parseConfiguration(modelSchema, model, source);
  const choices = choicesOf(described);
  const names = Object.keys(asked) as (keyof ModelChoices)[];
  const tell = (name: keyof ModelChoices, before: string, now: string) => {
    if (before !== now) say(`${optionOf(name)}: ${now} in place of the ${before} of ${file}`);
  };
  if (choices === null) {
    // No weight depends on the size, so that any model has another.
    if (asked.size !== undefined && names.length === 1) {
      tell('size', shown(described.scales[described.scales.length - 1].size), shown(asked.size));
      return modelAtSize(described, asked.size);
    }
    throw new PxvError({
      ...source,
      expected: 'a model that options describe, where one of them other than --size is given beside --config',
      received: `a model of its own, and ${names.map(optionOf).join(', ')}`,
      remedy: 'change the model in the file',
    });
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

/** The option of a choice. */
function optionOf(choice: keyof ModelChoices): string {
  const [option] = Object.entries(modelOptions).find(([, name]) => name === choice)!;
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** From the root; an empty path, which would become the folder at hand, stays one, for whoever opens it to refuse. */
function whole(path: string): string {
  return path === '' ? path : resolve(path);
}

/** What to learn from: the options' over the file's. Paths are made whole, so that a run resumes from any folder. */
async function dataOf(options: TrainOptions, file: ConfigurationFile['data']): Promise<object> {
  const { images, fit, fps } = options;
  const frameRate = fps && frameRateText(fps);
  const [frames, validate] = [options.frames, options.validate].map((paths) => paths?.map(whole));
  const data = options.data === undefined ? undefined : whole(options.data);
  if (frames !== undefined && images !== undefined) throw bothSources();
  if (frames === undefined && images === undefined && file === undefined) throw noSource();
  const ofImages = images !== undefined || (frames === undefined && file?.type === 'images');
  const unused = optionsOf[ofImages ? 'clips' : 'images'].find((name) => options[name] !== undefined);
  if (unused !== undefined) throw otherSource(unused, ofImages);
  if (images !== undefined) {
    const { imageSets } = await import('../datasets/index.js');
    const isName = imageSets.some(({ name }) => name === images);
    return {
      type: 'images',
      set: isName || !existsSync(images) ? images : resolve(images),
      ...given({ folder: data }),
    };
  }
  const named = frames !== undefined && file?.type !== 'clips' ? { type: 'clips' } : file;
  // A list stands beside the file that names it.
  const list = typeof named?.list === 'string' ? resolve(dirname(options.config!), named.list) : undefined;
  return { ...named, ...given({ list }), ...given({ frames, validate, fit, frameRate, folder: data }) };
}

/**
 * A model to start from brings its description, a resumed run brings everything: options that they would overrule are
 * refused, as are those that mean something for a resumed run alone.
 */
export function refuseMisplaced(train: Command, { resume, from, acceptChangedData }: TrainOptions): void {
  if (acceptChangedData && !resume) throw nothingAccepted();
  const whole = resume ? '--resume' : from !== undefined ? '--from' : null;
  if (whole === null) return;
  const option = train.options.find((candidate) => {
    const name = candidate.attributeName();
    if (train.getOptionValueSource(name) !== 'cli') return false;
    return resume ? !besideResume.includes(name) : name in modelOptions;
  });
  if (option === undefined) return;
  throw new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: option.long ?? option.flags,
    expected: `no option that ${whole} brings with it`,
    received: 'both',
    remedy: `leave out ${option.long ?? option.flags}, or leave out ${whole}`,
  });
}

function nothingAccepted(): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: '--accept-changed-data',
    expected: '--resume beside it',
    received: 'a new training, which takes the data as they are',
    remedy: 'leave out --accept-changed-data, or go on with a training by --resume',
  });
}

/** The entries that have a value. */
function given<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as typeof entries;
}

function readConfiguration(path: string): object {
  const wrong = (received: string) =>
    new PxvError({
      code: 'USAGE',
      operation: 'read configuration',
      argument: path,
      expected: 'a JSON file such as the config.json of a run folder',
      received,
      remedy: 'check --config',
    });
  if (!existsSync(path)) throw wrong('no such file');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('JSON that is not an object');
  return value;
}

function bothLengths(): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: '--minutes',
    expected: 'one length of the training',
    received: '--steps and --minutes',
    remedy: 'leave out one of them',
  });
}

function noSource(): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: '--frames or --images',
    expected: 'what to learn from',
    received: 'none',
    remedy:
      'give video files or folders, as in pxv train --frames clips/, or a data set, as in pxv train --images mnist',
  });
}

function bothSources(): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: '--images',
    expected: 'clips or images to learn from',
    received: 'both',
    remedy: 'leave out --frames or --images',
  });
}

function otherSource(name: string, ofImages: boolean): PxvError {
  const [used, received, source] = ofImages ? ['clips', 'images', '--frames'] : ['images', 'clips', '--images'];
  return new PxvError({
    code: 'USAGE',
    operation: 'train',
    argument: `--${name}`,
    expected: `${used} to learn from, which alone have it`,
    received,
    remedy: `leave out --${name}, or learn from ${source}`,
  });
}
