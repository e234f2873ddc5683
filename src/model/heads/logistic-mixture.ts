import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { exp, expm1 } from '../../backend/elementary.js';
import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, MIN_LOG_SCALE } from '../../backend/kernels.js';
import { logisticMixture as mixtureNats } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({
  type: z.literal('logistic-mixture'),
  /** Number of logistics, K. */
  components: z.int().min(1).max(32),
  /**
   * Levels that one unit of output moves a mean away from the anchor. Outputs are of the order of 1: for a network that is
   * given nothing, whose anchor is the middle level, (levels - 1) / 2 puts the whole range in their reach.
   */
  meanScale: z.number().positive(),
});

export type LogisticMixtureDescription = z.infer<typeof schema>;

/**
 * Discretised mixture of logistics (after 1701.05517, section 2.1), each colour conditioned on the earlier ones through
 * the masked network, means starting from the anchor, or without one from the middle level. Exact: the first and the last
 * level take the tails.
 */
export const logisticMixture: Head<LogisticMixtureDescription> = {
  type: 'logistic-mixture',
  schema,
  anchored: true,
  maxLevels: 256,
  outputs: ({ components }) => 3 * components,
  nats({ components, meanScale }, levels, outputs, targets, anchors) {
    const shape = { components, levels, meanScale, colours: 1, anchors: 1 } as const;
    const column = (x: Tensor): Tensor2D => tf.reshape(x, [-1, 1]);
    return tf.reshape(mixtureNats(shape, outputs, column(targets), column(anchors)), [-1]);
  },

  // Of one component, with S the sigmoid and u, l the distances of the level's edges from the mean, in scales:
  // p = S(u) - S(l) = S(u) S(-l) (1 - exp(-1 / scale)), a product, so that far from the mean nothing cancels.
  distribution({ components, meanScale }, levels, outputs, offset, anchor, into) {
    let highest = -Infinity;
    for (let k = 0; k < components; k++) highest = Math.max(highest, outputs[offset + k]);
    let total = 0;
    for (let k = 0; k < components; k++) total += exp(outputs[offset + k] - highest);
    into.fill(0);
    for (let k = 0; k < components; k++) {
      const weight = exp(outputs[offset + k] - highest) / total;
      const mean = anchor + meanScale * outputs[offset + components + k];
      const logScale = outputs[offset + 2 * components + k] + LOG_SCALE_OFFSET;
      const inverse = exp(-Math.min(Math.max(logScale, MIN_LOG_SCALE), MAX_LOG_SCALE));
      const inner = -expm1(-inverse);
      let aboveLower = weight;
      for (let level = 0; level < levels - 1; level++) {
        const upper = (level + 0.5 - mean) * inverse;
        const tail = exp(-Math.abs(upper));
        const larger = 1 / (1 + tail);
        const smaller = tail * larger;
        into[level] += aboveLower * (level === 0 ? 1 : inner) * (upper > 0 ? larger : smaller);
        aboveLower = weight * (upper > 0 ? smaller : larger);
      }
      into[levels - 1] += aboveLower;
    }
  },
};
