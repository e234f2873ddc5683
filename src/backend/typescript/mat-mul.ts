import { Scratch } from './scratch.js';
import { tapTile, TILE } from './tile.js';

const rowsOfA = new Scratch(Float64Array);
const packedPanel = new Scratch(Float64Array);
const oneTap = new Int32Array(2);
const sums = new Float64Array(TILE * TILE);

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
  const rows = rowsOfA.take(m * k);
  if (transposeA) transpose(a, k, m, rows);
  else rows.set(a);
  const panel = packedPanel.take(k * TILE);
  const stepK = transposeB ? 1 : n;
  const stepN = transposeB ? k : 1;
  oneTap[1] = k;
  for (let column = 0; column < n; column += TILE) {
    const width = Math.min(TILE, n - column);
    for (let i = 0; i < k; i++)
      for (let o = 0; o < TILE; o++) panel[i * TILE + o] = o < width ? b[i * stepK + (column + o) * stepN] : 0;
    for (let row = 0; row < m; row += TILE) {
      const last = m - 1;
      const p1 = Math.min(row + 1, last) * k;
      const p2 = Math.min(row + 2, last) * k;
      const p3 = Math.min(row + 3, last) * k;
      tapTile(rows, row * k, p1, p2, p3, oneTap, panel, 0, sums);
      for (let i = 0; i < TILE && row + i < m; i++)
        for (let o = 0; o < width; o++) out[(row + i) * n + column + o] = sums[i * TILE + o];
    }
  }
}

/** The transpose of x, which is rows x columns. */
function transpose(x: Float32Array, rows: number, columns: number, out: Float64Array): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = x[i * columns + j];
}
