export type Matrix = number[][];

/** X of A X = B, by elimination with the largest pivot of each column. */
export function solved(a: Matrix, b: Matrix): Matrix {
  const rows = a.map((row, k) => [...row, ...b[k]]);
  for (let k = 0; k < a.length; k++) {
    const best = rows.slice(k).reduce((at, row, i) => (Math.abs(row[k]) > Math.abs(rows[at][k]) ? k + i : at), k);
    [rows[k], rows[best]] = [rows[best], rows[k]];
    for (let row = 0; row < rows.length; row++) {
      if (row === k) continue;
      const factor = rows[row][k] / rows[k][k];
      rows[row] = rows[row].map((value, column) => value - factor * rows[k][column]);
    }
  }
  return rows.map((row, k) => row.slice(a.length).map((value) => value / row[k]));
}
