import { checkNetwork, type CheckSettings } from '../evaluation/check/check-network.js';
import type { Finding } from '../evaluation/check/finding.js';
import { parametersOfScale } from '../model/chain.js';
import type { Model } from '../model/checkpoint.js';

/** What was found of one scale of a model, the coarsest 0. */
export interface ScaleFinding extends Finding {
  scale: number;
}

/** Checks each scale of a model with its own weights, on the backend in use: see `checkNetwork`. */
export async function checkModel({ chain, weights }: Model, settings: CheckSettings): Promise<ScaleFinding[]> {
  const findings: ScaleFinding[] = [];
  for (const [scale, network] of chain.scales.entries()) {
    const own = await checkNetwork(network, parametersOfScale(chain, scale, weights), settings);
    findings.push(...own.map((finding) => ({ ...finding, scale })));
  }
  return findings;
}
