/** The sum over k < count of a[i + k] b[j + k]; four sums side by side, since each addition waits for the one before. */
export function dot(a: Float64Array, i: number, b: Float64Array, j: number, count: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s += a[i + k] * b[j + k];
    t += a[i + k + 1] * b[j + k + 1];
    u += a[i + k + 2] * b[j + k + 2];
    v += a[i + k + 3] * b[j + k + 3];
  }
  for (; k < count; k++) s += a[i + k] * b[j + k];
  return s + t + (u + v);
}
