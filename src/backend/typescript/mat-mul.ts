import { kernelMemory as memory } from './product-memory.js';
import { TILE } from './tile.js';

/** See Kernels.matMul. */
export function matMul(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  transposeA: boolean,
  transposeB: boolean,
  out: Float32Array,
): void {
  memory.clear();
  // Tiles are computed whole; what the last one has too much is its last row again.
  const wholeRows = TILE * Math.ceil(m / TILE);
  const starts = memory.allotList(Int32Array.from({ length: wholeRows }, (_, i) => Math.min(i, m - 1) * k));
  const oneTap = memory.allotList(Int32Array.of(0, k));
  const rows = memory.allot(m * k);
  const panel = memory.allot(k * TILE);
  const sums = memory.allot(wholeRows * TILE);
  const { values } = memory;
  if (transposeA) transpose(a, k, m, values, rows);
  else values.set(a, rows);
  const stepK = transposeB ? 1 : n;
  const stepN = transposeB ? k : 1;
  for (let column = 0; column < n; column += TILE) {
    const width = Math.min(TILE, n - column);
    for (let i = 0; i < k; i++)
      for (let o = 0; o < TILE; o++) values[panel + i * TILE + o] = o < width ? b[i * stepK + (column + o) * stepN] : 0;
    memory.multiplyTaps(rows, starts, m, oneTap, 1, panel, sums);
    for (let row = 0; row < m; row++)
      for (let o = 0; o < width; o++) out[row * n + column + o] = values[sums + row * TILE + o];
  }
}

/** out[at ...] = the transpose of x, which is rows x columns. */
function transpose(x: Float32Array, rows: number, columns: number, out: Float64Array, at: number): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[at + j * rows + i] = x[i * columns + j];
}
