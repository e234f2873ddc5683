import { errorFactory } from '../../foundation/errors.js';
import { checkNetwork, MAX_CHECKED } from './check-network.js';
import type { Finding } from './finding.js';
import { resizeModel } from '../../model/resize-model.js';
import { countSubPixels, selectScaleParameters } from '../../model/chain.js';
import { assertModel, type Model } from '../../model/model.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';
import { checkModelFields } from './options.js';

/** Finding of a check on one scale of a model. */
export interface ScaleFinding extends Finding {
  /** Index of the scale, from 0, the coarsest. */
  scale: number;
}

/** Options for `checkModel`: size, seed, progress callback and abort signal. @interface */
export type ModelCheckSettings = OptionsOf<typeof checkModelFields>;

/**
 * Checks each scale of a model with its trained weights, on the current backend (see `checkNetwork`).
 * @returns findings of all checks, scale by scale, coarsest first
 * @throws PxvError `USAGE` if an option is unknown or wrong, the option `size` exceeds 32,768 sub-pixels, or no backend
 *   was chosen; the signal's reason if aborted
 */
export async function checkModel(trained: Model, asked: ModelCheckSettings = {}): Promise<ScaleFinding[]> {
  assertModel(trained, 'check model');
  const { size, ...settings } = parseOptions('check model', checkModelFields, asked);
  const { chain, weights } = size === undefined ? trained : resizeModel(trained, size);
  if (size !== undefined && countSubPixels(chain) > MAX_CHECKED) {
    const received = `${size.width}x${size.height}, which has ${countSubPixels(chain)}`;
    const remedy = 'give a smaller size: every row and column runs the same ops';
    throw errorFactory('USAGE', 'check model')('--size', `${MAX_CHECKED} sub-pixels at most`, received, remedy);
  }
  const findings: ScaleFinding[] = [];
  const whole = size !== undefined;
  for (const [scale, network] of chain.scales.entries()) {
    const own = await checkNetwork(network, selectScaleParameters(chain, scale, weights), { ...settings, whole });
    findings.push(...own.map((finding) => ({ ...finding, scale })));
  }
  return findings;
}
