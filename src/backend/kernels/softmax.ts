import { count, extent, kernel, numbers } from './description.js';

const table = numbers('SoftmaxNumbers', { rows: count, levels: extent });

/** nats[i] = -log softmax(logits[i])[targets[i]]. */
export const softmaxCrossEntropy = kernel({
  numbers: table,
  inputs: {
    logits: { shape: ({ rows, levels }) => [rows, levels] },
    targets: { type: 'int32_t', shape: ({ rows }) => [rows], below: ({ levels }) => levels },
  },
  outputs: { nats: { shape: ({ rows }) => [rows] } },
});

/** dLogits[i, k] = dNats[i] * (softmax(logits[i])[k] - [k = targets[i]]). */
export const softmaxCrossEntropyGradient = kernel({
  numbers: table,
  inputs: { ...softmaxCrossEntropy.inputs, dNats: { shape: ({ rows }) => [rows] } },
  outputs: { dLogits: { shape: ({ rows, levels }) => [rows, levels] } },
});
