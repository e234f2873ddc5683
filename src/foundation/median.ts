/** Returns the median of one number or more: the upper of the middle two if their number is even. */
export function median(values: ArrayLike<number>): number {
  return Float64Array.from(values).sort()[values.length >> 1];
}
