import { z } from 'zod';
import { exp } from '../../backend/elementary.js';
import { sigmoidCrossEntropy } from '../../backend/losses.js';
import type { Head } from './head.js';

const schema = z.strictObject({ type: z.literal('sigmoid') });

export type SigmoidDescription = z.infer<typeof schema>;

/** The paper's head for binary images (1601.06759, table 1): one output, the logit of level 1. */
export const sigmoid: Head<SigmoidDescription> = {
  type: 'sigmoid',
  schema,
  anchored: false,
  maxLevels: 2,
  outputs: () => 1,
  nats: (_description, _levels, outputs, targets) => sigmoidCrossEntropy(outputs, targets),

  // Each from its own exponential: 1 - P(1) would lose P(0) where the logit is large.
  distribution(_description, _levels, outputs, offset, _anchor, into) {
    into[0] = 1 / (1 + exp(outputs[offset]));
    into[1] = 1 / (1 + exp(-outputs[offset]));
  },
};
