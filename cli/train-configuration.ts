import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import type { Precision } from '../src/backend/precision.js';
import { PxvError } from '../src/errors.js';
import type { Size } from '../src/frame.js';
import { frameRateText, type FrameRate } from '../src/frame-rate.js';
import type { ModelDescription } from '../src/model/description.js';
import type { NetworkName, PresetSettings } from '../src/model/presets.js';
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
  colours?: 'apart' | 'together';
  skips?: boolean;
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
  trainScale?: number[];
  config?: string;
  resume?: boolean;
  acceptChangedData?: boolean;
  overwrite?: boolean;
  seed: number | bigint;
}

/** Minutes of a training where neither steps nor minutes are given. */
export const DEFAULT_MINUTES = 20;

/** Options that describe the model: a configuration file or a model to start from holds them all. */
const modelOptions = [
  'network',
  'hidden',
  'layers',
  'head',
  'headWidth',
  'initialState',
  'colours',
  'skips',
  'size',
  'channels',
  'levels',
  'context',
  'conditioning',
  'scales',
  'shared',
];
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

/** As much as this command looks at of a configuration that is not checked yet. */
interface ConfigurationFile {
  model?: unknown;
  training?: { seed?: unknown; steps?: unknown; minutes?: unknown; schedule?: object };
  data?: { type?: unknown };
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
  const { runSchema } = await import('../src/training/configuration.js');
  const { parseConfiguration } = await import('../src/model/parse-configuration.js');
  const file = (options.config === undefined ? {} : readConfiguration(options.config)) as ConfigurationFile;
  const { training = {} } = file;
  const seeded = train.getOptionValueSource('seed') === 'cli';
  const data = await dataOf(options, file.data);
  const isImages = options.images !== undefined;
  const length =
    options.steps === undefined && options.minutes === undefined ? {} : { steps: null, minutes: null, pace: [] };
  // Images are learnt as they are, in larger batches.
  const ofImages = isImages && options.config === undefined ? { mirror: false, disturb: 0, crops: 0, batch: 16 } : {};
  return parseConfiguration(
    runSchema,
    {
      ...file,
      model: file.model ?? (await describe(options, say)),
      training: {
        ...ofImages,
        ...training,
        ...((training.steps ?? training.minutes ?? null) === null && { minutes: DEFAULT_MINUTES }),
        ...length,
        ...given({ batch: options.batch, steps: options.steps, minutes: options.minutes }),
        ...given({ optimiser: options.optimiser, precision: options.precision }),
        ...given({ from: options.from, scales: options.trainScale }),
        ...(train.getOptionValueSource('mirror') === 'cli' && { mirror: options.mirror }),
        ...(options.learningRate !== undefined && { schedule: { ...training.schedule, rate: options.learningRate } }),
        ...((seeded || training.seed === undefined) && { seed: String(options.seed) }),
      },
      data,
    },
    { operation: 'train', argument: options.config ?? 'options', code: 'USAGE' },
  );
}

/** What to learn from: the options' over the file's. Paths are made whole, so that a run resumes from any folder. */
async function dataOf(options: TrainOptions, file: ConfigurationFile['data']): Promise<object> {
  const { images, fit, fps } = options;
  const frameRate = fps && frameRateText(fps);
  const whole = (paths: string[] | undefined) => paths?.map((path) => resolve(path));
  const [frames, validate] = [whole(options.frames), whole(options.validate)];
  const data = options.data === undefined ? undefined : resolve(options.data);
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
  return { ...named, ...given({ frames, validate, fit, frameRate, folder: data }) };
}

/** The model that the options describe. */
async function describe(options: TrainOptions, say: (text: string) => void): Promise<ModelDescription> {
  const { describeModel } = await import('../src/model/presets.js');
  if (options.from !== undefined) {
    const { loadModel } = await import('../src/model/checkpoint.js');
    return loadModel(options.from).description;
  }
  const { network, hidden, layers, headWidth, colours, skips, initialState, scales, shared } = options;
  const channels = options.channels && (options.channels === 'gray' ? 1 : 3);
  const images = options.images === undefined ? null : await imagesOf(options.images, options, channels);
  if (images !== null && images.note !== null) say(images.note);
  const levels = options.levels ?? images?.levels ?? (options.head === 'sigmoid' ? 2 : 256);
  const imageHead = levels === 2 ? 'sigmoid' : 'softmax';
  return describeModel(network, {
    // Where a set's images are of another size or colour than is asked for, opening them for the training refuses it.
    size: options.size ?? images?.size ?? { width: 64, height: 64 },
    channels: channels ?? images?.channels ?? 3,
    levels,
    hidden,
    layers,
    head: options.head ?? (images === null ? 'logistic-mixture' : imageHead),
    colours,
    output: headWidth ?? null,
    skips: skips ?? false,
    initialState,
    context: images === null ? options.context : 0,
    frames: options.conditioning,
    factors: scales ?? [],
    shared,
  });
}

/** Size, channels and levels of a set's images. */
async function imagesOf(set: string, { data, size }: TrainOptions, channels: 1 | 3 | undefined) {
  const { describeForTraining } = await import('../datasets/index.js');
  return describeForTraining(set, given({ size, data, channels }));
}

/**
 * A configuration file and a model to start from bring their own model, a resumed run brings everything: options that they
 * would overrule are refused, as are those that mean something for a resumed run alone.
 */
export function refuseMisplaced(train: Command, { config, resume, from, acceptChangedData }: TrainOptions): void {
  if (acceptChangedData && !resume) throw nothingAccepted();
  const whole = resume ? '--resume' : config !== undefined ? '--config' : from !== undefined ? '--from' : null;
  if (whole === null) return;
  const option = train.options.find((candidate) => {
    const name = candidate.attributeName();
    if (train.getOptionValueSource(name) !== 'cli') return false;
    return resume ? !besideResume.includes(name) : modelOptions.includes(name);
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
    expected: 'one length of the training that goes on',
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
