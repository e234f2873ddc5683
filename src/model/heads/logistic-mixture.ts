import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { logisticMixture as mixtureNats } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({
  type: z.literal('logistic-mixture'),
  /** Number of logistics, K. */
  components: z.int().min(1).max(32),
  /**
   * Levels that one unit of output moves a mean away from the anchor. Outputs are of the order of 1: for a network that
   * is given nothing, whose anchor is the middle level, (levels - 1) / 2 puts the whole range in their reach.
   */
  meanScale: z.number().positive(),
  /** Whether the colours of a pixel choose their components apart, as where this is left out, or all one. */
  colours: z.enum(['apart', 'together']).optional(),
});

export type LogisticMixtureDescription = z.infer<typeof schema>;

/**
 * Discretised mixture of logistics (after 1701.05517, section 2.1), each colour conditioned on the earlier ones through
 * the masked network. Means start from anchors, component k from anchor k mod A. The first and the last level take the
 * tails. With colours together one component is chosen for the whole pixel: its weight for a later colour is that for
 * the earlier ones times their likelihood under it, and what the earlier ones lie off its means moves its mean (section
 * 2.2).
 */
export const logisticMixture: Head<LogisticMixtureDescription> = {
  schema,
  anchored: true,
  drawsAboutAnchors: true,
  numbers: ({ components, meanScale, colours }) => {
    return { headKind: 2, components, meanScale, together: colours === 'together' };
  },
  maxLevels: 256,
  // With colours together each component of a colour has a linear term from each colour before it.
  outputs: ({ components, colours }, _, channels) =>
    Array.from({ length: channels }, (_, channel) => (3 + (colours === 'together' ? channel : 0)) * components),

  nats({ components, meanScale, colours: choice }, levels, outputs, targets, anchors) {
    const [pixels, channels] = targets.shape;
    const anchorCount = anchors.shape[1] / channels;
    const colours = choice === 'together' && channels === 3 ? 3 : 1;
    const rows = (pixels * channels) / colours;
    const byRow = (x: Tensor2D) => tf.reshape<Rank.R2>(x, [rows, x.size / rows]);
    const shape = { components, levels, meanScale, colours, anchors: anchorCount } as const;
    const nats = mixtureNats(shape, byRow(outputs), byRow(targets), byRow(anchors));
    return tf.reshape(nats, targets.shape);
  },
};
