import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { logisticMixture as mixtureNats } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({
  type: z.literal('logistic-mixture'),
  /** Number of components, K. */
  components: z.int().min(1).max(32),
  /**
   * Levels by which one unit of output moves a mean from its anchor. Outputs are of the order of 1. For an
   * unconditional network, whose anchor is the middle level, (levels - 1) / 2 makes the whole range reachable.
   */
  meanScale: z.number().positive(),
  /** `together`: one component is drawn for all colours of a pixel. `apart`, the default: one for each colour. */
  colours: z.enum(['apart', 'together']).optional(),
});

/**
 * Description of a head with a mixture of logistics: `components`, `meanScale`, the levels that one unit of output
 * moves a mean, and `colours`, apart or together.
 * @inline
 */
export type LogisticMixtureDescription = z.infer<typeof schema>;

/**
 * Head with a discretised mixture of logistics (after 1701.05517, section 2.1); each colour is conditioned on the
 * earlier ones by the masked network. The mean of component k is relative to anchor k mod A, with A the number of
 * anchors. The lowest and the highest level include the tails of the distribution. If `colours` is `together`, one
 * component is drawn for all colours of a pixel (section 2.2). The weight of a component for a later colour is then
 * multiplied by the likelihood of the earlier colours under the component. The mean of the component moves with the
 * deviations of the earlier colours from their means.
 */
export const logisticMixture: Head<LogisticMixtureDescription> = {
  schema,
  anchored: true,
  drawsAboutAnchors: true,
  isLikelihood: true,
  preset: ({ channels, levels, context, colours = levels > 2 ? 'together' : 'apart' }) => {
    // If there are anchors, the components are split among them; otherwise the means must reach every level.
    const [components, meanScale] = context !== 0 ? [8, 16] : [5, (levels - 1) / 2];
    return { type: 'logistic-mixture', components, meanScale, ...(channels === 3 && { colours }) };
  },
  mixture: ({ components, meanScale, colours }) => ({ components, meanScale, together: colours === 'together' }),

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
