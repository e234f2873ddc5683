/**
 * The micro-kernels behind every product of this instruction set: 16 sums in local variables, which is what V8 keeps in
 * registers. A sum is a JavaScript number (float64) and is rounded to float32 once, where it is stored: V8 has no
 * float32 arithmetic, and rounding each product and each sum halves the speed. The order of the sum is the contract's.
 */

/** Pixels in a tile, and outputs in a tile. */
export const TILE = 4;

/**
 * sums[4 i + o] = sum over taps t and over k < count(t) of x[p_i + offset(t) + k] * weights[at + 4 (steps so far) + o].
 * `taps` holds offset and count of each tap in turn; `weights` are packed in the order in which they are read.
 */
export function tapTile(
  x: Float64Array,
  p0: number,
  p1: number,
  p2: number,
  p3: number,
  taps: Int32Array,
  weights: Float64Array,
  at: number,
  sums: Float64Array,
): void {
  // prettier-ignore
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0,
      s10 = 0, s11 = 0, s12 = 0, s13 = 0,
      s20 = 0, s21 = 0, s22 = 0, s23 = 0,
      s30 = 0, s31 = 0, s32 = 0, s33 = 0;
  for (let t = 0; t < taps.length; t += 2) {
    const offset = taps[t];
    const count = taps[t + 1];
    const a0 = p0 + offset;
    const a1 = p1 + offset;
    const a2 = p2 + offset;
    const a3 = p3 + offset;
    // prettier-ignore
    for (let k = 0; k < count; k++, at += 4) {
      const w0 = weights[at], w1 = weights[at + 1], w2 = weights[at + 2], w3 = weights[at + 3];
      const x0 = x[a0 + k];
      s00 += x0 * w0; s01 += x0 * w1; s02 += x0 * w2; s03 += x0 * w3;
      const x1 = x[a1 + k];
      s10 += x1 * w0; s11 += x1 * w1; s12 += x1 * w2; s13 += x1 * w3;
      const x2 = x[a2 + k];
      s20 += x2 * w0; s21 += x2 * w1; s22 += x2 * w2; s23 += x2 * w3;
      const x3 = x[a3 + k];
      s30 += x3 * w0; s31 += x3 * w1; s32 += x3 * w2; s33 += x3 * w3;
    }
  }
  // prettier-ignore
  {
    sums[0] = s00; sums[1] = s01; sums[2] = s02; sums[3] = s03;
    sums[4] = s10; sums[5] = s11; sums[6] = s12; sums[7] = s13;
    sums[8] = s20; sums[9] = s21; sums[10] = s22; sums[11] = s23;
    sums[12] = s30; sums[13] = s31; sums[14] = s32; sums[15] = s33;
  }
}

/**
 * sums[at + 4 i + o] += sum over rows r and columns c of
 * x[xAt + r * xRow + c * xStep + i] * y[yAt + 4 (r * columns + c) + o].
 */
export function outerTile(
  x: Float64Array,
  xAt: number,
  xRow: number,
  xStep: number,
  y: Float64Array,
  yAt: number,
  rows: number,
  columns: number,
  sums: Float64Array,
  at: number,
): void {
  // prettier-ignore
  let s00 = sums[at], s01 = sums[at + 1], s02 = sums[at + 2], s03 = sums[at + 3],
      s10 = sums[at + 4], s11 = sums[at + 5], s12 = sums[at + 6], s13 = sums[at + 7],
      s20 = sums[at + 8], s21 = sums[at + 9], s22 = sums[at + 10], s23 = sums[at + 11],
      s30 = sums[at + 12], s31 = sums[at + 13], s32 = sums[at + 14], s33 = sums[at + 15];
  let b = yAt;
  for (let r = 0; r < rows; r++) {
    let a = xAt + r * xRow;
    // prettier-ignore
    for (let c = 0; c < columns; c++, a += xStep, b += 4) {
      const y0 = y[b], y1 = y[b + 1], y2 = y[b + 2], y3 = y[b + 3];
      const x0 = x[a];
      s00 += x0 * y0; s01 += x0 * y1; s02 += x0 * y2; s03 += x0 * y3;
      const x1 = x[a + 1];
      s10 += x1 * y0; s11 += x1 * y1; s12 += x1 * y2; s13 += x1 * y3;
      const x2 = x[a + 2];
      s20 += x2 * y0; s21 += x2 * y1; s22 += x2 * y2; s23 += x2 * y3;
      const x3 = x[a + 3];
      s30 += x3 * y0; s31 += x3 * y1; s32 += x3 * y2; s33 += x3 * y3;
    }
  }
  // prettier-ignore
  {
    sums[at] = s00; sums[at + 1] = s01; sums[at + 2] = s02; sums[at + 3] = s03;
    sums[at + 4] = s10; sums[at + 5] = s11; sums[at + 6] = s12; sums[at + 7] = s13;
    sums[at + 8] = s20; sums[at + 9] = s21; sums[at + 10] = s22; sums[at + 11] = s23;
    sums[at + 12] = s30; sums[at + 13] = s31; sums[at + 14] = s32; sums[at + 15] = s33;
  }
}
