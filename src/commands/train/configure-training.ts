import { z } from 'zod';
import { describeForTraining, movingMnist } from '../../../datasets/index.js';
import { errorFactory } from '../../foundation/errors.js';
import { DEFAULT_VIDEO_MODEL, loadModel } from '../../model/checkpoint.js';
import type { ModelDescription } from '../../model/description.js';
import type { SamplingSettings } from '../../model/sampling-settings.js';
import { parseConfiguration, type ConfigurationSource } from '../../foundation/parse-configuration.js';
import { resizeDescription } from '../../model/resize-description.js';
import {
  defaultChoices,
  describeModel,
  networkChoice,
  presetChoices,
  type NetworkName,
  type PresetSettings,
} from '../../model/presets.js';
import {
  dataSchema,
  parseRunConfiguration,
  type DataSettings,
  type DataType,
  type RunConfiguration,
  type TrainingSettings,
} from '../../training/configuration.js';
import { dataDefaults } from '../../training/data-defaults.js';
import { fieldOfFlag } from '../../foundation/option-fields.js';
import { resolveListedClips } from './listed-clips.js';
import { modelFlags, stageFlags, trainingDataFlags } from './options.js';

/** Settings of a preset network, as an alternative to a full description. Omitted settings follow from the data. */
export type ModelChoices = { [Name in keyof PresetSettings]?: PresetSettings[Name] | undefined } & {
  /** Kind of the network. Default: `pixel-cnn`. */
  network?: NetworkName | undefined;
};

const choicesSchema = z.strictObject({ network: networkChoice, ...presetChoices }).partial();

/** Request of a training: like config.json of a run folder, but only `data` is required. */
export interface TrainingRequest {
  /**
   * Model description, or settings of a preset network. Default: the description of the model that the training starts
   * from. `{ size }` alone changes only that model's size.
   */
  model?: ModelDescription | ModelChoices | undefined;
  /** Sampling settings to keep in the model's file. Default, and null: the usual settings for the model. */
  drawing?: SamplingSettings | null | undefined;
  /**
   * Settings of the training. Defaults: those of `pxv train`. By default, a training on clips starts from the weights
   * of `video-64`. If `model` sets more than the size, or `from` is null, the training starts from
   * random weights.
   */
  training?: TrainingSettings | undefined;
  /**
   * Data to train on. For clips, `list` is a file that assigns clips of `frames` to training and validation (see
   * `resolveListedClips`).
   */
  data: DataSettings & { list?: string | undefined };
}

/** Flags of `pxv train` that settings of a request have. */
const flags = { ...trainingDataFlags, ...modelFlags, ...stageFlags };
const keyNamed = (name: string) => fieldOfFlag(flags, name);

const typedData = z.looseObject({
  data: z.looseObject({ type: z.enum(Object.keys(dataDefaults) as DataType[]), list: z.string().optional() }),
});
const SOURCE: ConfigurationSource = { operation: 'configure training', argument: 'request', code: 'USAGE' };

/**
 * Returns the whole configuration of a training for `trainModel`, with the defaults of `pxv train`.
 * @param source origin of the request, for error messages
 * @param onNote called with a line about each automatic choice that the user should know
 * @throws PxvError `USAGE` if a setting is unknown or out of range; `INPUT` if a list or the training images cannot be
 *   read; `CHECKPOINT` if the model to start from cannot be read
 */
export async function configureTraining(
  { model, training: settings = {}, data: asked, ...others }: TrainingRequest,
  source: ConfigurationSource = SOURCE,
  onNote?: (text: string) => void,
): Promise<RunConfiguration> {
  parseConfiguration(typedData, { data: asked }, source);
  const { list, ...rest } = asked;
  // Whatever follows reads the data: clips of a list, or the size of images.
  parseConfiguration(z.object({ data: dataSchema }), { data: rest }, { ...source, keyNamed });
  const data = list === undefined ? rest : await withListedClips(list, rest);
  const choices = isDescription(model) ? model : choicesIn(model, source);
  const { from = defaultStart(choices, data, onNote) } = settings;
  const training = { ...settings, from };
  const described = isDescription(choices) ? choices : await describe(choices, from, data, onNote);
  return parseRunConfiguration({ ...others, model: described, training, data }, { ...source, keyNamed });
}

/** Returns the data settings with the clips of a list. */
async function withListedClips(list: string, data: DataSettings): Promise<DataSettings> {
  if (data.type !== 'clips')
    throw misused('data.list', 'clips, of which it says what each is for', data.type, 'leave it out');
  if ((data.validate ?? []).length > 0)
    throw misused('data.validate', 'none beside data.list, which says what validates', 'both', 'leave out one of them');
  return { ...data, ...(await resolveListedClips(list, data.frames)) };
}

/**
 * Returns true if `model` is an object with the key `version`, as a full description has, and preset settings have not.
 * The other keys are not checked.
 */
export function isDescription(model: unknown): model is ModelDescription {
  return typeof model === 'object' && model !== null && 'version' in model;
}

function choicesIn(model: unknown, source: ConfigurationSource): ModelChoices | undefined {
  if (model === undefined) return undefined;
  // A choice that is undefined counts as omitted.
  return parseConfiguration(z.strictObject({ model: choicesSchema }), { model }, { ...source, keyNamed }).model;
}

/**
 * Returns the model that a training starts from if the request names none: a shipped one for clips; null for other
 * data, or if the request describes a network.
 */
function defaultStart(model: TrainingRequest['model'], { type }: DataSettings, onNote?: (text: string) => void) {
  if (type !== 'clips' || isDescription(model)) return null;
  if (describesNetwork(model)) {
    onNote?.(`starts from random weights, since options describe a network that is not ${DEFAULT_VIDEO_MODEL}'s`);
    return null;
  }
  const otherwise = '--from none: random weights';
  onNote?.(`starts from ${DEFAULT_VIDEO_MODEL}, whose expected frames stay and whose decoder learns; ${otherwise}`);
  return DEFAULT_VIDEO_MODEL;
}

/** Returns true if choices describe a network: any but the size, on which no weight depends. */
function describesNetwork(choices: ModelChoices | undefined): boolean {
  return Object.entries(choices ?? {}).some(([name, value]) => name !== 'size' && value !== undefined);
}

async function describe(
  choices: ModelChoices | undefined,
  from: string | null,
  data: DataSettings,
  onNote?: (text: string) => void,
): Promise<ModelDescription> {
  if (from !== null && !describesNetwork(choices)) {
    const description = describedBy(from, data);
    return choices?.size ? resizeDescription(description, choices.size) : description;
  }
  const { network = defaultChoices.network, ...asked } = choices ?? {};
  const { size, channels } = asked;
  const images =
    data.type === 'images'
      ? await describeForTraining(data.set, { size, channels, data: data.folder ?? undefined })
      : null;
  if (images?.note != null) onNote?.(images.note);
  const set = data.type === 'moving-mnist' ? movingMnist : images;
  const levels = asked.levels ?? set?.levels ?? (asked.head === 'sigmoid' ? 2 : 256);
  if (asked.levels === undefined && set === null && levels === 2)
    onNote?.('levels: 2 (dark and bright), since the head sigmoid tells no more apart');
  const imageHead = levels === 2 ? 'sigmoid' : 'softmax';
  return describeModel(network, {
    ...asked,
    // If a data set has another size or other channels than requested, finding the data throws.
    size: size ?? set?.size ?? defaultChoices.size,
    channels: channels ?? set?.channels ?? 3,
    levels,
    hidden: asked.hidden ?? defaultChoices.hidden,
    layers: asked.layers ?? defaultChoices.layers,
    head: asked.head ?? (images === null ? 'logistic-mixture' : imageHead),
    context: images === null ? asked.context : 0,
  });
}

/** Returns the description of a model to start from, if the model is for the kind of data. */
function describedBy(from: string, data: DataSettings): ModelDescription {
  const { description, chain } = loadModel(from);
  const ofVideo = chain.exampleShape.context > 0;
  if (ofVideo === (data.type !== 'images')) return description;
  const video = 'a model of video, for clips';
  const images = 'a model of images, for images';
  throw misused(from, ofVideo ? images : video, ofVideo ? video : images, 'start from another model, or give --config');
}

const misused = errorFactory('USAGE', 'configure training');
