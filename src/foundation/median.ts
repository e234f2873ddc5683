/**
 * Returns the median of `values`, of which there must be at least one. Of an even number of values, returns the upper
 * of the middle two.
 */
export function median(values: ArrayLike<number>): number {
  return Float64Array.from(values).sort()[values.length >> 1];
}
