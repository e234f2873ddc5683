import { checkNetwork, type CheckSettings } from '../evaluation/check/check-network.js';
import type { Finding } from '../evaluation/check/finding.js';
import type { Model } from '../model/checkpoint.js';

/** Checks a model with its own weights, on the backend in use: see `checkNetwork`. */
export async function checkModel(model: Model, settings: CheckSettings): Promise<Finding[]> {
  return checkNetwork(model.network, model.weights, settings);
}
