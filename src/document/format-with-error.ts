/** Returns `mean +- standardError` as text with `digits` decimals; the mean alone if `standardError` is NaN. */
export function formatWithError(mean: number, standardError: number, digits: number): string {
  const error = Number.isNaN(standardError) ? '' : ` +- ${standardError.toFixed(digits)}`;
  return `${mean.toFixed(digits)}${error}`;
}

/** Returns a value with its sign and two decimals, such as `+1.25`. */
export function formatSigned(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
}
