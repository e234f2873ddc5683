import { count, kernel, numbers } from './description.js';

const rows = numbers('SigmoidNumbers', { rows: count });

/** nats[i] = softplus(z), where z = logits[i] if targets[i] is 0, and -logits[i] if it is 1: exact at either end. */
export const sigmoidCrossEntropy = kernel({
  numbers: rows,
  inputs: {
    logits: { shape: ({ rows }) => [rows] },
    targets: { type: 'int32_t', shape: ({ rows }) => [rows], below: () => 2 },
  },
  outputs: { nats: { shape: ({ rows }) => [rows] } },
});

/** dLogits[i] = dNats[i] * (sigmoid(logits[i]) - targets[i]). */
export const sigmoidCrossEntropyGradient = kernel({
  numbers: rows,
  inputs: { ...sigmoidCrossEntropy.inputs, dNats: { shape: ({ rows }) => [rows] } },
  outputs: { dLogits: { shape: ({ rows }) => [rows], like: 'logits' } },
});
