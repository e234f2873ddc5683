import { count, kernel, numbers } from './description.js';

const rows = numbers('SigmoidNumbers', { rows: count });
const perRow = { shape: ({ rows }: { rows: number }) => [rows] };
const logits = { shape: ({ rows }: { rows: number }) => [rows, 1] };

/** nats[i] = softplus(z), where z = logits[i] if targets[i] is 0, and -logits[i] if it is 1: exact at either end. */
export const sigmoidCrossEntropy = kernel({
  numbers: rows,
  inputs: { logits, targets: { type: 'int32_t', ...perRow, below: () => 2 } },
  outputs: { nats: perRow },
});

/** dLogits[i] = dNats[i] * (sigmoid(logits[i]) - targets[i]). */
export const sigmoidCrossEntropyGradient = kernel({
  numbers: rows,
  inputs: { ...sigmoidCrossEntropy.inputs, dNats: perRow },
  outputs: { dLogits: logits },
});
