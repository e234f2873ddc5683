import { tf } from '../foundation/tfjs.js';
import type { Size } from '../foundation/frame.js';
import { frameBytes } from '../foundation/levels.js';
import { earlierTaps } from '../model/earlier-pixels/index.js';
import { buildNetwork, type Network } from '../model/network.js';
import { toTensors } from '../model/model.js';
import { findCausalityFaults } from './causality.js';
import { findContextFaults, SMALL_GRADIENT, measureUsedContext } from './context.js';
import { describeFieldShape } from './field-shape.js';
import { makeFinding, type CheckedNetwork, type CheckSettings, type Finding } from './finding.js';
import { checkLikelihood } from './likelihood.js';
import { findMaskFaults } from './masks.js';
import { expectedReceptiveFields, type ReceptiveFields } from './receptive-fields.js';
import { selectSubPixels, formatSubPixel, type SubPixelGrid } from './sub-pixels.js';

/** Maximum size at which every sub-pixel is changed, and gradients are computed. */
const SMALL: Size = { width: 11, height: 9 };

/** Candidates for the maximum side of the larger check; the first with acceptable work is used. */
const LARGE_SIDES = [64, 32, 16];

/** Number of sub-pixels to change at the larger size, and the maximum multiply-adds for them. */
const CHANGED = 48;
const CHANGED_WORK = 1e12;

/**
 * Maximum number of sub-pixels at a size that option `size` sets for the checks: time and memory grow with the square
 * of the number.
 */
export const MAX_CHECKED = 32_768;

/** Maximum multiply-adds of a network that draws an image at the larger size. */
const DRAWN_WORK = 5e9;

/** Maximum multiply-adds of the forward passes for gradients, and minimum number of outputs to check. */
const GRADIENT_WORK = 2e10;
const MIN_OUTPUTS = 27;

/**
 * Checks a network with given weights on the current backend: masks, causality, context by gradients, and agreement of
 * sampling and scoring. Faults are findings, not errors.
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
    const checked = sizes.map((sized): CheckedNetwork => {
      const fields = expectedReceptiveFields(sized.program, earlierTaps(sized.description));
      return { ...settings, network: sized, parameters, fields };
    });
    const { ops } = network.program;
    const fine = `${ops.length} ops read all that their kernels and the paper's masks show, and nothing else`;
    const findings = [makeFinding('masks', network.description.size, findMaskFaults(network.program), fine)];
    for (const each of checked) findings.push(await causality(each));
    const first = checked[0];
    const last = checked[checked.length - 1];
    findings.push(promise(last.fields), ...(await contexts(first)));
    const isCheap = settings.whole === true || workOf(large) <= DRAWN_WORK;
    findings.push(...(await checkLikelihood(isCheap ? last : first, weights)));
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

async function causality(checked: CheckedNetwork): Promise<Finding> {
  const { fields, seed } = checked;
  const ofSmall = SMALL.width * SMALL.height * fields.channels;
  const chosen = selectSubPixels(fields, frameBytes(fields) <= ofSmall ? ofSmall : CHANGED, seed);
  const faults = await findCausalityFaults(checked, chosen);
  const which = amongAll(chosen, fields, 'sub-pixels');
  const fine = `${which} changed, one at a time: its own and earlier outputs keep every bit, a later one changes`;
  return makeFinding('causality', fields.size, faults, fine);
}

/** Reports the receptive fields, or fails if an output may depend on a sub-pixel that is not earlier. */
function promise(fields: ReceptiveFields): Finding {
  const { size } = fields;
  const nameOf = (subPixel: number) => formatSubPixel(fields, subPixel);
  const count = frameBytes(fields);
  for (let output = 0; output < count; output++)
    for (let input = output; input < count; input++)
      if (fields.reaches(input, output))
        return makeFinding('context', size, [`the ops let ${nameOf(output)} see ${nameOf(input)}`], '');
  return { check: 'context', size, result: 'reported', found: `promised is ${describeFieldShape(fields)}` };
}

/** Checks the context by gradients with random weights, and reports the used context with trained weights. */
async function contexts(checked: CheckedNetwork): Promise<Finding[]> {
  const { network, fields, seed } = checked;
  const { size, channels } = fields;
  const all = selectSubPixels(fields, Math.max(MIN_OUTPUTS, GRADIENT_WORK / workOf(network)), seed);
  // The last channel of a pixel sees the most.
  const last = all.filter((output) => output % channels === channels - 1);
  const faults = await findContextFaults(checked, all);
  const share = await measureUsedContext(checked, last);
  const fine =
    'random weights: gradients at every sub-pixel that is promised, and at no other, for ' +
    `${amongAll(all, fields, 'outputs')}`;
  const found =
    `trained weights: ${(100 * share).toFixed(1)}% of the gradients promised, for ` +
    `${amongAll(last, fields, 'outputs')}, are above ${SMALL_GRADIENT.toExponential()} of the largest`;
  return [makeFinding('context', size, faults, fine), { check: 'trained context', size, result: 'reported', found }];
}

/** Formats a count, such as `48 of 297 outputs`. */
function amongAll({ length }: readonly number[], grid: SubPixelGrid, unit: string): string {
  const count = frameBytes(grid);
  return `${length === count ? 'each' : length} of ${count} ${unit}`;
}

/** Returns the approximate number of multiply-adds of a whole-image forward pass. */
function workOf({ program: { parameters, size } }: Network): number {
  const weights = parameters.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
  return weights * size.width * size.height;
}
