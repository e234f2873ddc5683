import { inputRequirements } from '../conditioning/index.js';
import type { Size } from '../foundation/frame.js';
import type { ModelDescription } from './description.js';

/**
 * Returns a model's description at another size of the finest scale. The sizes of coarser scales follow: divided by the
 * factors between scales, rounded up.
 */
export function resizeDescription(model: ModelDescription, size: Size): ModelDescription {
  let next = size;
  const scales = [...model.scales].reverse().map((network) => {
    const own = next;
    const factor = inputRequirements(network.conditioning).coarser?.factor ?? 1;
    next = { width: Math.ceil(own.width / factor), height: Math.ceil(own.height / factor) };
    return { ...network, size: own };
  });
  return { ...model, scales: scales.reverse() };
}

/** Returns the largest number of hidden features h of any layer of a model; 0 if there is no layer. */
export function hiddenFeatures({ scales }: ModelDescription): number {
  return Math.max(0, ...scales.flatMap(({ layers }) => layers.map(({ hidden }) => hidden)));
}

/**
 * Returns a model's description with `hidden` hidden features in its widest layer. The features of all layers, first
 * and output layers included, are scaled in proportion, to at least one for each channel. Conditionings and heads stay.
 * The model has at least one layer.
 */
export function narrowDescription(model: ModelDescription, hidden: number): ModelDescription {
  const share = hidden / hiddenFeatures(model);
  const scales = model.scales.map((network) => {
    const narrower = (features: number) => Math.max(network.channels, Math.round(features * share));
    return {
      ...network,
      first: { ...network.first, features: narrower(network.first.features) },
      layers: network.layers.map((layer) => ({ ...layer, hidden: narrower(layer.hidden) })),
      output: network.output.map(narrower),
    };
  });
  return { ...model, scales };
}
