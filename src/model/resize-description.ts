import { inputRequirements } from '../conditioning/index.js';
import type { Size } from '../foundation/frame.js';
import type { ModelDescription } from './description.js';

/** The model at another size of its finest scale; the coarser ones follow from it. */
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

/** Features inside the widest layer, h; 0 where there is no layer. */
export function hiddenFeatures({ scales }: ModelDescription): number {
  return Math.max(0, ...scales.flatMap(({ layers }) => layers.map(({ hidden }) => hidden)));
}

/** The model with so many features in its widest layer, and all else as much narrower. */
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
