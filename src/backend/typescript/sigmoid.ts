/** See Kernels.sigmoidCrossEntropy. */
export function sigmoidCrossEntropy(logits: Float32Array, targets: Int32Array, nats: Float32Array): void {
  for (let i = 0; i < logits.length; i++) {
    const other = targets[i] === 1 ? -logits[i] : logits[i];
    nats[i] = Math.max(other, 0) + Math.log1p(Math.exp(-Math.abs(other)));
  }
}

/** See Kernels.sigmoidCrossEntropyGradient. */
export function sigmoidCrossEntropyGradient(
  logits: Float32Array,
  targets: Int32Array,
  dNats: Float32Array,
  dLogits: Float32Array,
): void {
  for (let i = 0; i < logits.length; i++)
    dLogits[i] = targets[i] === 1 ? -dNats[i] / (1 + Math.exp(logits[i])) : dNats[i] / (1 + Math.exp(-logits[i]));
}
