import { PxvError } from '../errors.js';
import { checkNetwork, MOST_CHECKED } from '../evaluation/check/check-network.js';
import type { CheckSettings } from '../evaluation/check/finding.js';
import type { Finding } from '../evaluation/check/finding.js';
import type { Size } from '../frame.js';
import { atSize } from '../model/at-size.js';
import { defaults, filled } from './defaults.js';
import { dimensions, parametersOfScale } from '../model/chain.js';
import { expectModel, type Model } from '../model/checkpoint.js';

/** What was found of one scale of a model, the coarsest 0. */
export interface ScaleFinding extends Finding {
  scale: number;
}

/** How a model is checked. */
export interface ModelCheckSettings extends Omit<CheckSettings, 'whole' | 'seed'> {
  /** Default: 1. */
  seed?: bigint | number | undefined;
  /** The model is checked at this size, in whole. Default: at its own, and smaller where that would take long. */
  size?: Size | undefined;
}

/**
 * Checks each scale of a model with its own weights, on the backend in use: see `checkNetwork`.
 *
 * @throws PxvError `USAGE` where the size is too large to check
 */
export async function checkModel(trained: Model, asked: ModelCheckSettings = {}): Promise<ScaleFinding[]> {
  expectModel(trained, 'check model');
  const { size, ...settings } = filled(asked, defaults.checkModel);
  const { chain, weights } = size === undefined ? trained : atSize(trained, size);
  if (size !== undefined && dimensions(chain) > MOST_CHECKED) throw tooLarge(size, dimensions(chain));
  const findings: ScaleFinding[] = [];
  for (const [scale, network] of chain.scales.entries()) {
    const whole = size !== undefined;
    const own = await checkNetwork(network, parametersOfScale(chain, scale, weights), { ...settings, whole });
    findings.push(...own.map((finding) => ({ ...finding, scale })));
  }
  return findings;
}

function tooLarge({ width, height }: Size, subPixels: number): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'check model',
    argument: '--size',
    expected: `${MOST_CHECKED} sub-pixels at most`,
    received: `${width}x${height}, which has ${subPixels}`,
    remedy: 'give a smaller size: every row and column runs the same ops',
  });
}
