import type { ConditioningDescription } from '../conditioning/index.js';
import type { Channels, Size } from '../frame.js';
import type { ModelDescription } from './description.js';
import type { HeadDescription } from './heads/index.js';
import type { LayerDescription } from './layers/index.js';

/** The choices that make a network; everything else follows from them. */
export interface PresetSettings {
  size: Size;
  channels: Channels;
  levels: number;
  /** Features inside a layer, h. */
  hidden: number;
  /** Number of layers. */
  layers: number;
  head: HeadDescription['type'];
  /** Previous frames given; 0 for an unconditional network. */
  context: number;
}

/** Makes one layer of a network of h features. */
type LayerPreset = (hidden: number) => LayerDescription;

/** The networks by name: each is a stack of one kind of layer. */
export const networks = {
  'pixel-cnn': (hidden) => ({ type: 'pixel-cnn-block', hidden }),
  'row-lstm': (hidden) => ({ type: 'row-lstm', hidden, initialState: 'zero' }),
  'diagonal-bilstm': (hidden) => ({ type: 'diagonal-bilstm', hidden, initialState: 'zero' }),
} as const satisfies Record<string, LayerPreset>;

export type NetworkName = keyof typeof networks;

/** The name of a network of one kind of layer; null for another. */
export function networkName({ network }: ModelDescription): NetworkName | null {
  const names = Object.keys(networks) as NetworkName[];
  const isMadeOf = (name: NetworkName) => network.layers.every(({ type }) => type === networks[name](1).type);
  return network.layers.length === 0 ? null : (names.find(isMadeOf) ?? null);
}

const headPresets: Record<HeadDescription['type'], HeadDescription> = {
  softmax: { type: 'softmax' },
  sigmoid: { type: 'sigmoid' },
  'logistic-mixture': { type: 'logistic-mixture', components: 5, meanScale: 16 },
};

/** Describes a network by name: 7x7 first layer and 1x1 output layer of 2h features around the layers. */
export function describeModel(name: NetworkName, settings: PresetSettings): ModelDescription {
  const { size, channels, levels, hidden, layers, head, context } = settings;
  const conditioning: ConditioningDescription | null =
    context > 0 ? { type: 'previous-frames', context, features: 32 } : null;
  return {
    version: 1,
    network: {
      size,
      channels,
      levels,
      first: { kernel: 7, features: 2 * hidden },
      layers: Array.from({ length: layers }, () => networks[name](hidden)),
      output: [2 * hidden],
      head: headPresets[head],
      conditioning,
    },
  };
}
