import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { PxvError } from '../../errors.js';
import type { Size } from '../../frame.js';
import type { Network } from '../../model/network.js';
import { regressionShape } from '../../model/regression-input.js';
import { toTensors } from '../../model/weights.js';
import { causalityFaults } from './causality.js';
import { contextFaults, SMALL_GRADIENT, usedContext, type ContextSettings } from './context.js';
import { fieldShape } from './field-shape.js';
import { judged, type CheckProgress, type Finding } from './finding.js';
import { likelihoodAgreement } from './likelihood.js';
import { maskFaults } from './masks.js';
import { promisedFields, type ReceptiveFields } from './receptive-fields.js';
import { networkAtMost } from './resized-network.js';
import { chosenSubPixels, nameOfSubPixel, subPixelCount } from './sub-pixels.js';

export interface CheckSettings {
  seed: bigint | number;
  /** Whether all of it is done at the network's own size, whatever the work. Default: at smaller ones where it is much. */
  whole?: boolean | undefined;
  onProgress?: (progress: CheckProgress) => void;
  signal?: AbortSignal | undefined;
}

/** The size at which every sub-pixel is changed, and every output's context looked at. */
const SMALL: Size = { width: 11, height: 9 };

/** The sides up to which a network is checked at its own size as well: the first that is not too much work. */
const LARGE_SIDES = [64, 32, 16];

/** Sub-pixels changed at the large size, and the multiply-adds that they may take. */
const CHANGED = 48;
const CHANGED_WORK = 1e12;

/** Sub-pixels of the largest images that can be checked: time and memory grow with their square. */
export const MOST_CHECKED = 32_768;

/** Multiply-adds up to which an image is drawn at the large size. */
const DRAWN_WORK = 5e9;

/** Multiply-adds that gradients may take, counted forward, and the fewest outputs whose gradients are computed. */
const GRADIENT_WORK = 2e10;
const LEAST_OUTPUTS = 27;

/** How far the sampler and the whole-image executor may lie apart, in bits/dim. */
const LIKELIHOOD_TOLERANCE = 1e-4;

/** How far a sum of probabilities may lie from 1: float64 where they are drawn from, float32 where they are scored. */
const SUM_TOLERANCE = { drawn: 1e-9, scored: 1e-5 };

/**
 * Checks a network with the weights at hand, on the backend in use: what its ops read, causality, and whether sampling
 * and scoring agree.
 *
 * @param weights in the order of `network.parameters`
 */
export async function checkNetwork(
  network: Network,
  weights: Float32Array[],
  settings: CheckSettings,
): Promise<Finding[]> {
  const small = networkAtMost(network, SMALL);
  const large = settings.whole ? network : largeNetwork(network);
  const sizes = subPixelCount(small.description) === subPixelCount(large.description) ? [large] : [small, large];
  const parameters = toTensors(weights, network.parameters);
  try {
    const findings = [masks(network)];
    const fields = sizes.map(({ program }) => promisedFields(program, regressionShape(network.description) !== null));
    for (const [index, sized] of sizes.entries())
      findings.push(await causality(sized, fields[index], parameters, settings));
    findings.push(promise(fields[fields.length - 1]));
    findings.push(await context(sizes[0], fields[0], settings));
    findings.push(await trainedContext(sizes[0], fields[0], parameters, settings));
    const isCheap = settings.whole === true || workOf(large) <= DRAWN_WORK;
    findings.push(...(await likelihood(isCheap ? large : small, weights, parameters, settings)));
    return findings;
  } finally {
    tf.dispose(parameters);
  }
}

function largeNetwork(network: Network): Network {
  const candidates = LARGE_SIDES.map((side) => networkAtMost(network, { width: side, height: side }));
  return (
    candidates.find((candidate) => CHANGED * workOf(candidate) <= CHANGED_WORK) ?? candidates[candidates.length - 1]
  );
}

function masks(network: Network): Finding {
  const { program, description } = network;
  const fine = `${program.ops.length} ops read all that their kernels and the paper's masks show, and nothing else`;
  return judged('masks', description.size, maskFaults(program), fine);
}

async function causality(
  network: Network,
  fields: ReceptiveFields,
  parameters: readonly Tensor[],
  { seed, onProgress, signal }: CheckSettings,
): Promise<Finding> {
  const { description } = network;
  const isSmall = pixels(description.size) <= pixels(SMALL);
  const count = subPixelCount(description);
  const changed = chosenSubPixels(description, isSmall ? count : CHANGED, seed);
  const total = changed.length;
  const faults = await causalityFaults(network, parameters, {
    changed,
    reachesLater: (subPixel) => fields.isSeen(subPixel),
    seed,
    onProgress: (done) => onProgress?.({ check: 'causality', size: description.size, done, total, unit: 'sub-pixels' }),
    signal,
  });
  const which = total === count ? `each of ${count} sub-pixels` : `${total} of ${count} sub-pixels`;
  const fine = `${which} changed, one at a time: its own and earlier outputs keep every bit, a later one changes`;
  return judged('causality', description.size, faults, fine);
}

/** What the context should be: earlier sub-pixels only; which of them a network of this kind cannot see has a name. */
function promise(fields: ReceptiveFields): Finding {
  const later = laterPromised(fields);
  if (later !== null) return judged('context', fields.size, [later], '');
  const { name, text } = fieldShape(fields);
  const label = name === 'everything' || name === 'all but one pixel' || name === 'other' ? '' : `a ${name}: `;
  return { check: 'context', size: fields.size, result: 'reported', found: `promised is ${label}${text}` };
}

/** Names an output that sees its own or a later sub-pixel by the propagation alone; null where none does. */
function laterPromised(fields: ReceptiveFields): string | null {
  const count = subPixelCount(fields);
  for (let output = 0; output < count; output++)
    for (let input = output; input < count; input++)
      if (fields.reaches(input, output))
        return `the ops let ${nameOfSubPixel(fields, output)} see ${nameOfSubPixel(fields, input)}`;
  return null;
}

async function context(network: Network, fields: ReceptiveFields, settings: CheckSettings): Promise<Finding> {
  const { description } = network;
  const outputs = chosenSubPixels(description, mostOutputs(network), settings.seed);
  const faults = await contextFaults(network, contextSettings('context', fields, outputs, settings));
  const which = outputsInWords(outputs.length, fields);
  const fine = `random weights: gradients at every sub-pixel that is promised, and at no other, for ${which}`;
  return judged('context', description.size, faults, fine);
}

async function trainedContext(
  network: Network,
  fields: ReceptiveFields,
  parameters: readonly Tensor[],
  settings: CheckSettings,
): Promise<Finding> {
  const { size, channels } = network.description;
  const outputs = chosenSubPixels(fields, mostOutputs(network), settings.seed);
  // The last colour of a pixel sees the most.
  const looked = outputs.filter((output) => output % channels === channels - 1);
  const context = contextSettings('trained context', fields, looked, settings);
  const share = (100 * (await usedContext(network, parameters, context))).toFixed(1);
  const which = outputsInWords(looked.length, fields);
  const found = `trained weights: ${share}% of the gradients promised, for ${which}, are above ${SMALL_GRADIENT.toExponential()} of the largest`;
  return { check: 'trained context', size, result: 'reported', found };
}

function contextSettings(
  check: 'context' | 'trained context',
  fields: ReceptiveFields,
  outputs: readonly number[],
  { seed, onProgress, signal }: CheckSettings,
): ContextSettings {
  const { size } = fields;
  const total = outputs.length;
  const tell = (done: number) => onProgress?.({ check, size, done, total, unit: 'outputs' });
  return { fields, outputs, seed, onProgress: tell, signal };
}

/** Outputs whose gradients are affordable. */
function mostOutputs(network: Network): number {
  return Math.max(LEAST_OUTPUTS, GRADIENT_WORK / workOf(network));
}

function outputsInWords(outputs: number, fields: ReceptiveFields): string {
  const count = subPixelCount(fields);
  return outputs === count ? `each of ${count} outputs` : `${outputs} of ${count} outputs`;
}

async function likelihood(
  network: Network,
  weights: Float32Array[],
  parameters: readonly Tensor[],
  { seed, onProgress, signal }: CheckSettings,
): Promise<Finding[]> {
  const { size } = network.description;
  const checks = { draw: 'likelihood', score: 'probabilities' } as const;
  try {
    const agreement = await likelihoodAgreement(network, weights, parameters, {
      seed,
      onProgress: (what, done, total, unit) => onProgress?.({ check: checks[what], size, done, total, unit }),
      signal,
    });
    const { drawnBitsPerDim: drawn, scoredBitsPerDim: scored, drawnSumError, scoredSumError } = agreement;
    const agree = `an image drawn at ${drawn.toFixed(6)} bits/dim is scored at ${scored.toFixed(6)}`;
    const apart =
      Math.abs(drawn - scored) <= LIKELIHOOD_TOLERANCE ? [] : [`${agree}: ${LIKELIHOOD_TOLERANCE} apart at most`];
    const sums = `sums over the levels lie within ${drawnSumError.toExponential(1)} of 1 as drawn from, ${scoredSumError.toExponential(1)} as scored`;
    const isOne = drawnSumError <= SUM_TOLERANCE.drawn && scoredSumError <= SUM_TOLERANCE.scored;
    return [judged('likelihood', size, apart, agree), judged('probabilities', size, isOne ? [] : [sums], sums)];
  } catch (error) {
    // Probabilities that are not finite cannot be drawn from.
    if (!(error instanceof PxvError && error.code === 'CHECKPOINT')) throw error;
    return [judged('likelihood', size, [error.message], '')];
  }
}

/** About how many multiply-adds the outputs of a whole image take. */
function workOf({ program: { parameters, size } }: Network): number {
  const weights = parameters.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  return weights.reduce((sum, count) => sum + count, 0) * pixels(size);
}

function pixels({ width, height }: Size): number {
  return width * height;
}
