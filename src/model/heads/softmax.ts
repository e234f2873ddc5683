import { tf } from '../../foundation/tfjs.js';
import type { Rank } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { softmaxCrossEntropy } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({ type: z.literal('softmax') });

/** Description of a softmax head. @inline */
export type SoftmaxDescription = z.infer<typeof schema>;

/** Head with a softmax over the levels, as in the paper (1601.06759, section 2.2). */
export const softmax: Head<SoftmaxDescription> = {
  schema,
  anchored: false,
  drawsAboutAnchors: false,
  isLikelihood: true,
  preset: () => ({ type: 'softmax' }),
  nats: (_, levels, outputs, targets) => {
    const logits = tf.reshape<Rank.R2>(outputs, [targets.size, levels]);
    return tf.reshape(softmaxCrossEntropy(logits, tf.reshape(targets, [-1])), targets.shape);
  },
};
