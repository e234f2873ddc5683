import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  inferConditioningChoices,
  describeCoarserImage,
  describeFrames,
  framesConditionings,
  type FramesConditioning,
} from '../conditioning/presets.js';
import type { Size } from '../foundation/frame.js';
import type { ModelDescription, NetworkDescription } from './description.js';
import type { HeadDescription } from './heads/index.js';
import type { LayerDescription } from './layers/index.js';

/** The choices that make a network; everything else follows from them. How large each may be is for the description to say. */
export const presetChoices = {
  /** Of the finest images, in pixels. */
  size: z.strictObject({ width: z.int(), height: z.int() }),
  /** 3: red, green, blue; 1: grey. */
  channels: z.enum({ rgb: 3, gray: 1 }),
  /** Number of values that a sub-pixel can have, 2 to 256. */
  levels: z.int(),
  /** Features inside a layer, h. */
  hidden: z.int(),
  /** How many layers of the named kind follow the first one; 0 or more. */
  layers: z.int().min(0),
  /** Name of the head: how the last features become probabilities of levels. */
  head: z.enum(['logistic-mixture', 'softmax', 'sigmoid'] satisfies HeadDescription['type'][]),
  /** Of a mixture, how the colours of a pixel choose their components; default: together, unless levels are two. */
  colours: z.enum(['apart', 'together']).optional(),
  /** Features of each 1x1 layer before the head; null: one of 2h. */
  output: z.array(z.int()).nullish(),
  /** Whether every layer has a skip connection to the output. */
  skips: z.boolean().optional(),
  /** Whether the LSTMs' states outside the image are learned. */
  initialState: z.enum(['zero', 'learned']).optional(),
  /** Previous frames given; 0: none; undefined: as many as suit how they are read. */
  context: z.int().optional(),
  /** How they are read; the default is that of `describeFrames`. */
  frames: z.enum(Object.keys(framesConditionings) as FramesConditioning[]).optional(),
  /** Multi-scale: the factor from each scale to the next finer one, the coarsest first; none: a single scale. */
  factors: z.array(z.int()).readonly().optional(),
  /** Whether the pixels that two scales share are known at the finer one (see LowResolutionImageDescription). */
  shared: z.enum(['known', 'predicted']).optional(),
};

/** What `describeModel` is given besides the name of the networks. */
export type PresetSettings = z.infer<z.ZodObject<typeof presetChoices>>;

/** Choices that make a head. */
type HeadChoices = Pick<PresetSettings, 'channels' | 'levels' | 'context' | 'colours'>;

/** Heads by name: each makes its description. */
export const headPresets = {
  'logistic-mixture': ({ channels, levels, context, colours = levels > 2 ? 'together' : 'apart' }) => {
    // Where there are anchors the components are split among them; without one the means have to reach every level.
    const [components, meanScale] = context !== 0 ? [8, 16] : [5, (levels - 1) / 2];
    return { type: 'logistic-mixture', components, meanScale, ...(channels === 3 && { colours }) };
  },
  softmax: () => ({ type: 'softmax' }),
  sigmoid: () => ({ type: 'sigmoid' }),
} as const satisfies Record<HeadDescription['type'], (choices: HeadChoices) => HeadDescription>;

/** The networks by name, each a stack of one kind of layer: makes one layer of h features. */
export const networks = {
  'pixel-cnn': (hidden) => ({ type: 'pixel-cnn-block', hidden }),
  'row-lstm': (hidden, initialState) => ({ type: 'row-lstm', hidden, initialState }),
  'diagonal-bilstm': (hidden, initialState) => ({ type: 'diagonal-bilstm', hidden, initialState }),
} as const satisfies Record<string, (hidden: number, initialState: 'zero' | 'learned') => LayerDescription>;

export type NetworkName = keyof typeof networks;
export const networkChoice = z.enum(Object.keys(networks) as NetworkName[]);

/** The network that is trained where nothing is said. */
export const defaultChoices = { network: 'pixel-cnn', hidden: 48, layers: 5, size: { width: 64, height: 64 } } as const;

/** The name of the networks of a model whose layers are all of one kind; null for another. */
export function networkName({ scales }: ModelDescription): NetworkName | null {
  const layers = scales.flatMap(({ layers }) => layers);
  const names = Object.keys(networks) as NetworkName[];
  const isMadeOf = (name: NetworkName) => layers.every(({ type }) => type === networks[name](1, 'zero').type);
  return layers.length === 0 ? null : (names.find(isMadeOf) ?? null);
}

/** Describes a model by its networks' name: a 7x7 layer of 2h features, layers, output layers; all scales are alike. */
export function describeModel(name: NetworkName, settings: PresetSettings): ModelDescription {
  const { size, factors = [], shared = 'known' } = settings;
  const steps = factors.map((_, scale) => factors.slice(scale).reduce((product, factor) => product * factor, 1));
  const scales = [...steps, 1].map((step, scale) => {
    const side = (pixels: number) => Math.ceil(pixels / step);
    const network = describeNetwork(name, settings, { width: side(size.width), height: side(size.height) });
    if (scale === 0) return network;
    const factor = factors[scale - 1];
    return { ...network, conditioning: [describeCoarserImage(factor, shared), ...network.conditioning] };
  });
  return { version: 1, scales };
}

/** The choices that describe a model, if there are such, so that a training can be asked for another one of them. */
export function inferChoices(model: ModelDescription): (PresetSettings & { network: NetworkName }) | null {
  const network = networkName(model);
  const { size, channels, levels, layers, head, output, skips, conditioning } = model.scales[model.scales.length - 1];
  if (network === null) return null;
  const { hidden } = layers[0];
  const { context, frames, shared = 'known' } = inferConditioningChoices(conditioning);
  const asDescribed = { network, size, channels, levels, hidden, skips, context, frames, shared };
  const choices = {
    ...asDescribed,
    layers: layers.length,
    head: head.type,
    colours: 'colours' in head ? head.colours : undefined,
    output: isDeepStrictEqual(output, [2 * hidden]) ? null : output,
    initialState: 'initialState' in layers[0] ? layers[0].initialState : ('zero' as const),
    factors: model.scales.slice(1).map((scale) => inferConditioningChoices(scale.conditioning).factor!),
  };
  return isDeepStrictEqual(describeModel(network, choices), model) ? choices : null;
}

function describeNetwork(name: NetworkName, settings: PresetSettings, size: Size): NetworkDescription {
  const { channels, levels, hidden, layers, context } = settings;
  const { output = null, skips = false, initialState = 'zero' } = settings;
  return {
    size,
    channels,
    levels,
    first: { kernel: 7, features: 2 * hidden },
    layers: Array.from({ length: layers }, () => networks[name](hidden, initialState)),
    skips,
    output: output ?? [2 * hidden],
    head: headPresets[settings.head](settings),
    conditioning: context !== 0 ? [describeFrames(context, settings.frames)] : [],
  };
}
