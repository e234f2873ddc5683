import * as tf from '@tensorflow/tfjs-core';
import { findCausalityFaults } from '../../src/commands/check/causality.js';
import { frameBytes } from '../../src/foundation/levels.js';
import type { Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';

/** Changes each sub-pixel of a random image on its own: see `findCausalityFaults`. */
export async function causalityBreaks(
  network: Network,
  weights: readonly Float32Array[],
  seed: number,
): Promise<string[]> {
  const parameters = toTensors(weights, network.parameters);
  const chosen = Array.from({ length: frameBytes(network.description) }, (_, subPixel) => subPixel);
  const faults = await findCausalityFaults({ network, parameters, seed }, chosen);
  tf.dispose(parameters);
  return faults;
}
