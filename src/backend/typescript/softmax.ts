/** See Kernels.softmaxCrossEntropy. */
export function softmaxCrossEntropy(
  logits: Float32Array,
  targets: Int32Array,
  rows: number,
  levels: number,
  nats: Float32Array,
): void {
  for (let i = 0; i < rows; i++) {
    const at = i * levels;
    const largest = largestOf(logits, at, levels);
    let sum = 0;
    for (let k = 0; k < levels; k++) sum += Math.exp(logits[at + k] - largest);
    nats[i] = Math.log(sum) + largest - logits[at + targets[i]];
  }
}

/** See Kernels.softmaxCrossEntropyGradient. */
export function softmaxCrossEntropyGradient(
  logits: Float32Array,
  targets: Int32Array,
  dNats: Float32Array,
  rows: number,
  levels: number,
  dLogits: Float32Array,
): void {
  for (let i = 0; i < rows; i++) {
    const at = i * levels;
    const largest = largestOf(logits, at, levels);
    let sum = 0;
    for (let k = 0; k < levels; k++) sum += dLogits[at + k] = Math.exp(logits[at + k] - largest);
    const target = at + targets[i];
    const atTarget = dLogits[target];
    for (let k = 0; k < levels; k++) dLogits[at + k] *= dNats[i] / sum;
    dLogits[target] = dNats[i] * (atTarget / sum - 1);
  }
}

function largestOf(x: Float32Array, at: number, length: number): number {
  let largest = x[at];
  for (let k = 1; k < length; k++) largest = Math.max(largest, x[at + k]);
  return largest;
}
