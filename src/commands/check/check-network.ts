import { tf } from '../../foundation/tfjs.js';
import type { Size } from '../../foundation/frame.js';
import { frameBytes } from '../../foundation/levels.js';
import { buildNetwork, type Network } from '../../model/network.js';
import { toTensors } from '../../model/model.js';
import { findCausalityFaults } from './causality.js';
import { makeFinding, type CheckedNetwork, type CheckSettings, type Finding } from './finding.js';
import { checkLikelihood } from './likelihood.js';
import { selectSubPixels } from './sub-pixels.js';

/** Maximum size at which every sub-pixel is changed. */
const SMALL: Size = { width: 11, height: 9 };

/** Candidates for the maximum side of the larger check; the first with acceptable work is used. */
const LARGE_SIDES = [64, 32, 16];

/** Number of sub-pixels to change at the larger size, and the maximum multiply-adds for them. */
const CHANGED = 48;
const CHANGED_WORK = 1e12;

/**
 * Maximum number of sub-pixels at a size that option `size` sets for the checks: the probabilities of all levels of all
 * sub-pixels, in float64, take up to 64 MiB.
 */
export const MAX_CHECKED = 32_768;

/** Maximum multiply-adds of a network that draws an image at the larger size. */
const DRAWN_WORK = 5e9;

/**
 * Checks a network with given weights on the current backend: causality, and agreement of sampling and scoring. Faults
 * are findings, not errors.
 * @param weights arrays in the order of `network.parameters`
 * @throws PxvError `USAGE` if no backend was chosen; the signal's reason if aborted
 */
export async function checkNetwork(
  network: Network,
  weights: Float32Array[],
  settings: CheckSettings,
): Promise<Finding[]> {
  const small = networkAtMost(network, SMALL);
  const large = settings.whole ? network : largeNetwork(network);
  const sizes = frameBytes(small.description) === frameBytes(large.description) ? [large] : [small, large];
  const parameters = toTensors(weights, network.parameters);
  try {
    const checked = sizes.map((sized): CheckedNetwork => ({ ...settings, network: sized, parameters }));
    const findings: Finding[] = [];
    for (const each of checked) findings.push(await checkCausality(each));
    const isCheap = settings.whole === true || workOf(large) <= DRAWN_WORK;
    findings.push(...(await checkLikelihood(isCheap ? checked[checked.length - 1] : checked[0], weights)));
    return findings;
  } finally {
    tf.dispose(parameters);
  }
}

/** Returns the network for images of at most `most` in each direction. Weights do not depend on the image size. */
function networkAtMost(network: Network, most: Size): Network {
  const { width, height } = network.description.size;
  const size = { width: Math.min(width, most.width), height: Math.min(height, most.height) };
  if (size.width === width && size.height === height) return network;
  return buildNetwork({ ...network.description, size });
}

function largeNetwork(network: Network): Network {
  const candidates = LARGE_SIDES.map((side) => networkAtMost(network, { width: side, height: side }));
  return candidates.find((candidate) => CHANGED * workOf(candidate) <= CHANGED_WORK) ?? candidates.at(-1)!;
}

async function checkCausality(checked: CheckedNetwork): Promise<Finding> {
  const { network, seed } = checked;
  const { description } = network;
  const count = frameBytes(description);
  const ofSmall = SMALL.width * SMALL.height * description.channels;
  const chosen = selectSubPixels(description, count <= ofSmall ? ofSmall : CHANGED, seed);
  const faults = await findCausalityFaults(checked, chosen);
  const which = `${chosen.length === count ? 'each' : chosen.length} of ${count} sub-pixels`;
  const fine = `${which} changed, one at a time: its own and earlier outputs keep every bit, a later one changes`;
  return makeFinding('causality', description.size, faults, fine);
}

/** Returns the approximate number of multiply-adds of a whole-image forward pass. */
function workOf({ program: { parameters, size } }: Network): number {
  const weights = parameters.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
  return weights * size.width * size.height;
}
