import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  inferConditioningChoices,
  describeConditioning,
  framesConditionings,
  type FramesConditioning,
} from '../conditioning/presets.js';
import type { Size } from '../foundation/frame.js';
import type { ModelDescription } from './description.js';
import { heads, type HeadDescription } from './heads/index.js';
import type { LayerDescription } from './layers/index.js';

/**
 * Schemas of the settings of `describeModel`, by name. The model description is checked afterwards, so most settings
 * have no bounds here.
 */
export const presetChoices = {
  /** Size of the finest images, in pixels. */
  size: z.strictObject({ width: z.int(), height: z.int() }),
  /** Number of channels: `rgb` 3, `gray` 1. */
  channels: z.enum({ rgb: 3, gray: 1 }),
  /** Number of levels of a sub-pixel, 2 to 256. */
  levels: z.int(),
  /** Number of features inside a layer, h. */
  hidden: z.int(),
  /** Number of layers after the first one, 0 or more. */
  layers: z.int().min(0),
  /** Type of the head. */
  head: z.enum(Object.keys(heads) as HeadDescription['type'][]),
  /**
   * `together`: one mixture component for all colours of a pixel; `apart`: one for each. Default: together, unless
   * there are two levels.
   */
  colours: z.enum(['apart', 'together']).optional(),
  /** Numbers of features of the 1x1 layers before the head; null: one layer of 2h. */
  output: z.array(z.int()).nullish(),
  /** True if every layer has a skip connection to the output. Default: false. */
  skips: z.boolean().optional(),
  /** Initial states of the LSTMs outside the image. Default: zero. */
  initialState: z.enum(['zero', 'learned']).optional(),
  /** Number of context frames; 0: none; undefined: the default of their conditioning. */
  context: z.int().optional(),
  /** Conditioning that reads the context frames; default: that of `describeConditioning`. */
  frames: z.enum(Object.keys(framesConditionings) as FramesConditioning[]).optional(),
  /** Factors from each scale to the next finer one, the coarsest first; none: a single scale. */
  factors: z.array(z.int()).readonly().optional(),
  /** Treatment of shared pixels at the finer of two scales (see LowResolutionImageDescription). Default: known. */
  shared: z.enum(['known', 'predicted']).optional(),
};

/** Settings of `describeModel` besides the name of the networks: see `presetChoices`. @interface */
export type PresetSettings = z.infer<z.ZodObject<typeof presetChoices>>;

/**
 * Presets of networks by name: functions from the number of features h and the initial state of the LSTMs to the
 * description of one layer of the network.
 */
export const networks = {
  'pixel-cnn': (hidden) => ({ type: 'pixel-cnn-block', hidden }),
  'row-lstm': (hidden, initialState) => ({ type: 'row-lstm', hidden, initialState }),
  'diagonal-bilstm': (hidden, initialState) => ({ type: 'diagonal-bilstm', hidden, initialState }),
} as const satisfies Record<string, (hidden: number, initialState: 'zero' | 'learned') => LayerDescription>;

/** Name of a preset of networks. @useDeclaredType */
export type NetworkName = keyof typeof networks;
/** Schema of a network's name. */
export const networkChoice = z.enum(Object.keys(networks) as NetworkName[]);

/** Default settings of a new model: name of its networks, h features, number of layers, and size in pixels. */
export const defaultChoices = { network: 'pixel-cnn', hidden: 48, layers: 5, size: { width: 64, height: 64 } } as const;

/**
 * Returns the name of the preset whose layers all networks of a model are made of. Returns null for mixed layers, or
 * none.
 */
export function networkName({ scales }: ModelDescription): NetworkName | null {
  const layers = scales.flatMap(({ layers }) => layers);
  const names = Object.keys(networks) as NetworkName[];
  const isMadeOf = (name: NetworkName) => layers.every(({ type }) => type === networks[name](1, 'zero').type);
  return layers.length === 0 ? null : (names.find(isMadeOf) ?? null);
}

/**
 * Describes a model from the name of its networks: a 7x7 layer of 2h features, the layers, output layers. All scales
 * are alike but for their sizes and conditionings. Does not check the description (see `modelSchema`).
 */
export function describeModel(name: NetworkName, settings: PresetSettings): ModelDescription {
  const { size, factors = [], shared = 'known' } = settings;
  const steps = factors.map((_, scale) => factors.slice(scale).reduce((product, factor) => product * factor, 1));
  const scales = [...steps, 1].map((step, scale) => {
    const side = (pixels: number) => Math.ceil(pixels / step);
    const network = describeNetwork(name, settings, { width: side(size.width), height: side(size.height) });
    const { context, frames } = settings;
    const factor = scale === 0 ? undefined : factors[scale - 1];
    return { ...network, conditioning: describeConditioning({ context, frames, factor, shared }) };
  });
  return { version: 1, scales };
}

/** Returns the settings for which `describeModel` returns exactly `model`; null if there are none. */
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

function describeNetwork(name: NetworkName, settings: PresetSettings, size: Size) {
  const { channels, levels, hidden, layers } = settings;
  const { output = null, skips = false, initialState = 'zero' } = settings;
  return {
    size,
    channels,
    levels,
    first: { kernel: 7, features: 2 * hidden },
    layers: Array.from({ length: layers }, () => networks[name](hidden, initialState)),
    skips,
    output: output ?? [2 * hidden],
    head: heads[settings.head].preset(settings),
  };
}
