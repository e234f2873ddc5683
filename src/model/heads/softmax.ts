import * as tf from '@tensorflow/tfjs-core';
import type { Rank } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { exp } from '../../backend/elementary.js';
import { softmaxCrossEntropy } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({ type: z.literal('softmax') });

export type SoftmaxDescription = z.infer<typeof schema>;

/** The paper's head (1601.06759, section 2.2): a softmax over the levels. */
export const softmax: Head<SoftmaxDescription> = {
  type: 'softmax',
  schema,
  anchored: false,
  mixed: false,
  maxLevels: 256,
  outputs: (_, levels, channels) => new Array<number>(channels).fill(levels),
  nats: (_, levels, outputs, targets) => {
    const logits = tf.reshape<Rank.R2>(outputs, [targets.size, levels]);
    return tf.reshape(softmaxCrossEntropy(logits, tf.reshape(targets, [-1])), targets.shape);
  },

  distribution(_, levels, { outputs, outputsAt }, channel, _temperature, into) {
    const offset = outputsAt + channel * levels;
    let highest = -Infinity;
    for (let level = 0; level < levels; level++) highest = Math.max(highest, outputs[offset + level]);
    let total = 0;
    for (let level = 0; level < levels; level++) total += into[level] = exp(outputs[offset + level] - highest);
    for (let level = 0; level < levels; level++) into[level] /= total;
  },
};
