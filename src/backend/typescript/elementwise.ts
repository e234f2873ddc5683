/** max(x, 0) without a branch, which the processor would guess wrong half of the time; exact in float64. */
export function rectified(x: number): number {
  return 0.5 * (x + Math.abs(x));
}

/** See Kernels.relu. */
export function relu(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < x.length; i++) out[i] = rectified(x[i]);
}

/** See Kernels.reluGradient. */
export function reluGradient(x: Float32Array, dy: Float32Array, dx: Float32Array): void {
  for (let i = 0; i < x.length; i++) dx[i] = dy[i] * Number(x[i] > 0);
}

/** See Kernels.add. */
export function add(a: Float32Array, b: Float32Array, out: Float32Array): void {
  const period = b.length;
  for (let start = 0; start < a.length; start += period)
    for (let j = 0; j < period; j++) out[start + j] = a[start + j] + b[j];
}

/** See Kernels.addMoved. */
export function addMoved(
  batch: number,
  offset: number,
  a: Float32Array | null,
  b: Float32Array,
  out: Float32Array,
): void {
  const length = out.length / batch;
  for (let image = 0, at = 0; image < batch; image++)
    for (let i = 0; i < length; i++, at++) {
      const isInside = i >= offset && i - offset < length;
      out[at] = (a === null ? 0 : a[at]) + (isInside ? b[at - offset] : 0);
    }
}

/** See Kernels.multiply. */
export function multiply(a: Float32Array, b: Float32Array, out: Float32Array): void {
  for (let i = 0; i < a.length; i++) out[i] = a[i] * b[i];
}

let rowSums = new Float64Array(0);

/** See Kernels.sumRows. */
export function sumRows(x: Float32Array, rows: number, out: Float32Array): void {
  const columns = out.length;
  if (rowSums.length < columns) rowSums = new Float64Array(columns);
  rowSums.fill(0, 0, columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) rowSums[j] += x[at];
  for (let j = 0; j < columns; j++) out[j] = rowSums[j];
}
