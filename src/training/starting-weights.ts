import { initialiseParameters } from '../backend/parameters.js';
import { errorFactory } from '../foundation/errors.js';
import type { Chain } from '../model/chain.js';
import type { Model } from '../model/model.js';

/**
 * Returns the weights of a model to start from, in the order of `chain.parameters`. Layers that the chain has after the
 * model's own start as the identity, so that the deeper network computes what the model does (1511.05641, section 3.2):
 * the 1x1 convolution at the end of their residual block and their skip connection are zero, the rest is random.
 * @param seed seed of the random weights
 * @throws PxvError `CHECKPOINT` if the model's other arrays differ in name or shape
 */
export function startingWeights(model: Model, { parameters }: Chain, seed: bigint): Float32Array[] {
  const [needed, held] = [parameters, model.chain.parameters].map((specs) =>
    specs.map(({ name, shape }) => `${name} ${shape.join('x')}`),
  );
  const heldLayers = new Set(model.chain.parameters.map(({ name }) => layerOf(name)));
  const missing = needed.find((array, index) => {
    const layer = layerOf(parameters[index].name);
    return !held.includes(array) && (layer === null || heldLayers.has(layer));
  });
  const other = held.find((array) => !needed.includes(array));
  if (missing === undefined && other === undefined) {
    const random = initialiseParameters(parameters, seed);
    return needed.map((array, index) => {
      if (held.includes(array)) return model.weights[held.indexOf(array)];
      return /\.(up|skips\.\d+)\.[a-z]+$/.test(parameters[index].name) ? random[index].fill(0) : random[index];
    });
  }
  const expected = `a model of the same networks, with ${missing ?? 'no other arrays'}`;
  const received = other === undefined ? 'one without it' : `one with ${other}`;
  const remedy = 'leave out the model in --config, so that --from gives the networks, or give --from none';
  throw errorFactory('CHECKPOINT', 'start training')(model.name, expected, received, remedy);
}

/** Returns the scale and index of the layer that an array belongs to, or null if it belongs to none. */
function layerOf(name: string): string | null {
  const [, scale, index] = /^(scales\.\d+)\.(?:layers|skips)\.(\d+)\./.exec(name) ?? [];
  return index === undefined ? null : `${scale}.${index}`;
}
