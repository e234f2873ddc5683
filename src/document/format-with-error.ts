/** Returns `mean +- standardError` as text with `digits` decimals; the mean alone if `standardError` is NaN. */
export function formatWithError(mean: number, standardError: number, digits: number): string {
  const error = Number.isNaN(standardError) ? '' : ` +- ${standardError.toFixed(digits)}`;
  return `${mean.toFixed(digits)}${error}`;
}
