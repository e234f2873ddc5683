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
  maxLevels: 256,
  outputs: (_, levels) => levels,
  nats: (_description, _levels, outputs, targets) => softmaxCrossEntropy(outputs, targets),

  distribution(_, levels, outputs, offset, _anchor, into) {
    let highest = -Infinity;
    for (let level = 0; level < levels; level++) highest = Math.max(highest, outputs[offset + level]);
    let total = 0;
    for (let level = 0; level < levels; level++) total += into[level] = exp(outputs[offset + level] - highest);
    for (let level = 0; level < levels; level++) into[level] /= total;
  },
};
