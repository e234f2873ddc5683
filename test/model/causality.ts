import * as tf from '@tensorflow/tfjs-core';
import { findCausalityFaults } from '../../src/check/causality.js';
import { expectedReceptiveFields } from '../../src/check/receptive-fields.js';
import { earlierTaps } from '../../src/model/earlier-pixels/index.js';
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
  const fields = expectedReceptiveFields(network.program, earlierTaps(network.description));
  const faults = await findCausalityFaults({ network, parameters, fields, seed }, chosen);
  tf.dispose(parameters);
  return faults;
}
