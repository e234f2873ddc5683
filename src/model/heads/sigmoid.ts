import { tf } from '../../foundation/tfjs.js';
import type { Rank } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { sigmoidCrossEntropy } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({ type: z.literal('sigmoid') });

/** Description of a sigmoid head. @inline */
export type SigmoidDescription = z.infer<typeof schema>;

/** Head for binary images, as in the paper (1601.06759, table 1): one output, the logit of level 1. */
export const sigmoid: Head<SigmoidDescription> = {
  schema,
  anchored: false,
  drawsAboutAnchors: false,
  isLikelihood: true,
  preset: () => ({ type: 'sigmoid' }),
  nats: (_description, _levels, outputs, targets) => {
    const logits = tf.reshape<Rank.R2>(outputs, [targets.size, 1]);
    return tf.reshape(sigmoidCrossEntropy(logits, tf.reshape(targets, [-1]), 2), targets.shape);
  },
};
