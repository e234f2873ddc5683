import { count, extent, integer, kernel, scalarArguments } from './description.js';

const perRow = { shape: ({ rows }: { rows: number }) => [rows] };
const table = scalarArguments('SoftmaxNumbers', { rows: count, levels: extent });
const perLevel = { shape: ({ rows, levels }: { rows: number; levels: number }) => [rows, levels] };

/** Softmax cross-entropy of rows i: nats[i] = -log softmax(logits[i])[targets[i]], with logits [rows, levels]. */
export const softmaxCrossEntropy = kernel({
  numbers: table,
  inputs: { logits: perLevel, targets: { type: 'int32_t', ...perRow, below: ({ levels }) => levels } },
  outputs: { nats: perRow },
});

/**
 * Gradient of `softmaxCrossEntropy`: dLogits[i, k] = dNats[i] * (softmax(logits[i])[k] - [k = targets[i]]), where [..]
 * is 1 if true, else 0.
 */
export const softmaxCrossEntropyGradient = kernel({
  numbers: table,
  inputs: { ...softmaxCrossEntropy.inputs, dNats: perRow },
  outputs: { dLogits: perLevel },
});

const rows = scalarArguments('SigmoidNumbers', { rows: count, levels: integer(2, 256) });
const perLogit = { shape: ({ rows }: { rows: number }) => [rows, 1] };

/**
 * Sigmoid cross-entropy of rows i: nats[i] = y softplus(-z) + (1 - y) softplus(z), with z = logits[i] and
 * y = targets[i] / (levels - 1). Exact for logits of any size. Logits are [rows, 1].
 */
export const sigmoidCrossEntropy = kernel({
  numbers: rows,
  inputs: { logits: perLogit, targets: { type: 'int32_t', ...perRow, below: ({ levels }) => levels } },
  outputs: { nats: perRow },
});

/** Gradient of `sigmoidCrossEntropy`: dLogits[i] = dNats[i] * (sigmoid(z) - y). */
export const sigmoidCrossEntropyGradient = kernel({
  numbers: rows,
  inputs: { ...sigmoidCrossEntropy.inputs, dNats: perRow },
  outputs: { dLogits: perLogit },
});
