import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { sigmoidCrossEntropy } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({ type: z.literal('grey-sigmoid') });

/** Description of a grey sigmoid head. @inline */
export type GreySigmoidDescription = z.infer<typeof schema>;

/** Distance from 0 and 1 at which the logit of an anchor is cut off, so that it is finite. */
const EDGE = 1 / 256;

/**
 * Head for grey levels as Video Pixel Networks score them on Moving MNIST (1610.00527, section 5.1): one output, the
 * logit of the mean level over levels - 1, relative to that of the first anchor. The loss is the sigmoid cross-entropy
 * with the level. It is no likelihood of levels, and has a bound above 0: that of a mean equal to the level. A drawn
 * level is the mean, rounded, at every temperature.
 */
export const greySigmoid: Head<GreySigmoidDescription> = {
  schema,
  anchored: true,
  drawsAboutAnchors: false,
  isLikelihood: false,
  preset: () => ({ type: 'grey-sigmoid' }),
  nats: (_description, levels, outputs, targets, anchors) => {
    const column = (x: Tensor2D) => tf.reshape<Rank.R2>(x, [targets.size, x.size / targets.size]);
    const first = tf.slice(column(anchors), [0, 0], [targets.size, 1]);
    const mean = tf.clipByValue(tf.div<Tensor2D>(first, levels - 1), EDGE, 1 - EDGE);
    const logits = tf.add<Tensor2D>(column(outputs), tf.log(tf.div(mean, tf.sub(1, mean))));
    return tf.reshape(sigmoidCrossEntropy(logits, tf.reshape(targets, [-1]), levels), targets.shape);
  },
};
