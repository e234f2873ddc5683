import { z } from 'zod';
import { logisticMixture as mixtureNats } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({
  type: z.literal('logistic-mixture'),
  /** Number of logistics, K. */
  components: z.int().min(1).max(32),
  /** Levels that one unit of output moves a mean away from the anchor. */
  meanScale: z.number().positive(),
});

export type LogisticMixtureDescription = z.infer<typeof schema>;

/** Bounds of log scale, and where it starts: the same as in the kernel (backend/kernels.ts). */
const LOG_SCALE = { start: Math.log(3), lowest: -3, highest: 6 };

/** Cumulative distribution of the mixture's logistics summed by weight, at x levels; scratch holds the components. */
function cumulative(x: number, weights: Float64Array, means: Float64Array, scales: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k] / (1 + Math.exp((means[k] - x) / scales[k]));
  return sum;
}

/**
 * Discretised mixture of logistics (after 1701.05517, section 2.1), each colour conditioned on the earlier ones through
 * the masked network, means starting from the anchor. Exact: the first and the last level take the tails.
 */
export const logisticMixture: Head<LogisticMixtureDescription> = {
  type: 'logistic-mixture',
  schema,
  anchored: true,
  outputs: ({ components }) => 3 * components,
  nats: ({ components, meanScale }, levels, outputs, targets, anchors) =>
    mixtureNats({ components, levels, meanScale }, outputs, targets, anchors),

  distribution({ components, meanScale }, levels, outputs, offset, anchor, into) {
    const [weights, means, scales] = scratch(components);
    let highest = -Infinity;
    for (let k = 0; k < components; k++) highest = Math.max(highest, outputs[offset + k]);
    let total = 0;
    for (let k = 0; k < components; k++) {
      total += weights[k] = Math.exp(outputs[offset + k] - highest);
      means[k] = anchor + meanScale * outputs[offset + components + k];
      const logScale = outputs[offset + 2 * components + k] + LOG_SCALE.start;
      scales[k] = Math.exp(Math.min(Math.max(logScale, LOG_SCALE.lowest), LOG_SCALE.highest));
    }
    for (let k = 0; k < components; k++) weights[k] /= total;
    let below = 0;
    for (let level = 0; level < levels; level++) {
      const upTo = level === levels - 1 ? 1 : cumulative(level + 0.5, weights, means, scales);
      into[level] = Math.max(upTo - below, 0);
      below = upTo;
    }
  },
};

let buffers: [Float64Array, Float64Array, Float64Array] = [
  new Float64Array(0),
  new Float64Array(0),
  new Float64Array(0),
];

/** Weights, means and scales of the components; reused, since this runs once a sub-pixel. */
function scratch(components: number): typeof buffers {
  if (buffers[0].length !== components)
    buffers = [new Float64Array(components), new Float64Array(components), new Float64Array(components)];
  return buffers;
}
