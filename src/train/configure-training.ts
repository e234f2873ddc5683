import { z } from 'zod';
import { describeForTraining } from '../../datasets/index.js';
import { errorFactory } from '../foundation/errors.js';
import { loadModel } from '../model/checkpoint.js';
import type { ModelDescription } from '../model/description.js';
import type { SamplingSettings } from '../model/sampling-settings.js';
import { parseConfiguration, type ConfigurationSource } from '../foundation/parse-configuration.js';
import {
  defaultChoices,
  describeModel,
  networkChoice,
  presetChoices,
  type NetworkName,
  type PresetSettings,
} from '../model/presets.js';
import {
  runSchema,
  type DataSettings,
  type RunConfiguration,
  type TrainingSettings,
} from '../training/configuration.js';
import { resolveListedClips } from './listed-clips.js';

/** What makes a network, where a description would say all of it; what is left out follows from the data. */
export type ModelChoices = { [Name in keyof PresetSettings]?: PresetSettings[Name] | undefined } & {
  /** Kind of its layers. Default: `pixel-cnn`. */
  network?: NetworkName | undefined;
};

const choicesSchema = z.strictObject({ network: networkChoice, ...presetChoices }).partial();

/** A training as it is asked for: config.json of a run, of which all may be left out but the data. */
export interface TrainingRequest {
  /** Default: the description of the model that the training starts from, if it starts from one. */
  model?: ModelDescription | ModelChoices | undefined;
  /** How the model's futures are drawn; default: as usual for such a model. */
  drawing?: SamplingSettings | null | undefined;
  /** How it learns, for how long; default: as `pxv train` has it. */
  training?: TrainingSettings | undefined;
  /**
   * What to learn from. Of clips `list`, a file, may say which of those in `frames` are learned from and which validate (see
   * `resolveListedClips`).
   */
  data: DataSettings & { list?: string | undefined };
}

const typedData = z.looseObject({ data: z.looseObject({ type: z.enum(['clips', 'images']) }) });
const SOURCE: ConfigurationSource = { operation: 'configure training', argument: 'request', code: 'USAGE' };

/**
 * The whole configuration of a training, for `trainModel`: what is left out is as `pxv train` has it.
 * @param source where the request came from, for messages
 * @param onNote called with a line on what was chosen that the user should know of
 * @throws PxvError `USAGE` where something is out of its range or unknown; what `resolveListedClips`, `loadModel` and opening images throw
 */
export async function configureTraining(
  { model, training = {}, data: asked, ...others }: TrainingRequest,
  source: ConfigurationSource = SOURCE,
  onNote?: (text: string) => void,
): Promise<RunConfiguration> {
  parseConfiguration(typedData, { data: asked }, source);
  const data = await withoutList(asked);
  const described = isDescription(model) ? model : await describe(choicesIn(model, source), training, data, onNote);
  return parseConfiguration(runSchema, { ...others, model: described, training, data }, source);
}

/** What to learn from, where a list may say what each clip is for. */
async function withoutList({ list, ...data }: TrainingRequest['data']): Promise<DataSettings> {
  if (list === undefined) return data;
  if (data.type !== 'clips')
    throw misused('data.list', 'clips, of which it says what each is for', 'images', 'leave it out');
  if ((data.validate ?? []).length > 0)
    throw misused('data.validate', 'none beside data.list, which says what validates', 'both', 'leave out one of them');
  return { ...data, ...(await resolveListedClips(list, data.frames)) };
}

/** Whether a model is described whole, rather than by choices. */
export function isDescription(model: unknown): model is ModelDescription {
  return typeof model === 'object' && model !== null && 'version' in model;
}

function choicesIn(model: unknown, source: ConfigurationSource): ModelChoices | undefined {
  if (model === undefined) return undefined;
  // Where a choice is there but undefined, it is taken as left out.
  return parseConfiguration(z.strictObject({ model: choicesSchema }), { model }, source).model;
}

async function describe(
  choices: ModelChoices | undefined,
  { from }: TrainingSettings,
  data: DataSettings,
  onNote?: (text: string) => void,
): Promise<ModelDescription> {
  if (choices === undefined && from != null) return describedBy(from, data);
  const { network = defaultChoices.network, ...asked } = choices ?? {};
  const { size, channels } = asked;
  const images =
    data.type === 'images'
      ? await describeForTraining(data.set, { size, channels, data: data.folder ?? undefined })
      : null;
  if (images?.note != null) onNote?.(images.note);
  const levels = asked.levels ?? images?.levels ?? (asked.head === 'sigmoid' ? 2 : 256);
  if (asked.levels === undefined && images === null && levels === 2)
    onNote?.('levels: 2 (dark and bright), since the head sigmoid tells no more apart');
  const imageHead = levels === 2 ? 'sigmoid' : 'softmax';
  return describeModel(network, {
    ...asked,
    // Where a set's images are of another size or colour than is asked for, opening them for the training refuses it.
    size: size ?? images?.size ?? defaultChoices.size,
    channels: channels ?? images?.channels ?? 3,
    levels,
    hidden: asked.hidden ?? defaultChoices.hidden,
    layers: asked.layers ?? defaultChoices.layers,
    head: asked.head ?? (images === null ? 'logistic-mixture' : imageHead),
    context: images === null ? asked.context : 0,
  });
}

/** The description of a model to start from, which must be one of what is learned from. */
function describedBy(from: string, data: DataSettings): ModelDescription {
  const { description, chain } = loadModel(from);
  const ofVideo = chain.exampleShape.context > 0;
  if (ofVideo === (data.type === 'clips')) return description;
  const [video, images] = ['a model of video, for clips', 'a model of images, for images'];
  throw misused(from, ofVideo ? images : video, ofVideo ? video : images, 'start from another model, or give --config');
}

const misused = errorFactory('USAGE', 'configure training');
