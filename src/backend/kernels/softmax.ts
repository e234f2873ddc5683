import { count, extent, kernel, numbers } from './description.js';

const table = numbers('SoftmaxNumbers', { rows: count, levels: extent });
const perRow = { shape: ({ rows }: { rows: number }) => [rows] };
const perLevel = { shape: ({ rows, levels }: { rows: number; levels: number }) => [rows, levels] };

/** nats[i] = -log softmax(logits[i])[targets[i]]. */
export const softmaxCrossEntropy = kernel({
  numbers: table,
  inputs: { logits: perLevel, targets: { type: 'int32_t', ...perRow, below: ({ levels }) => levels } },
  outputs: { nats: perRow },
});

/** dLogits[i, k] = dNats[i] * (softmax(logits[i])[k] - [k = targets[i]]). */
export const softmaxCrossEntropyGradient = kernel({
  numbers: table,
  inputs: { ...softmaxCrossEntropy.inputs, dNats: perRow },
  outputs: { dLogits: perLevel },
});
