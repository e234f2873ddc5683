/** A mean and its standard error, where there is one. */
export function formatWithError(mean: number, standardError: number, digits: number): string {
  const error = Number.isNaN(standardError) ? '' : ` +- ${standardError.toFixed(digits)}`;
  return `${mean.toFixed(digits)}${error}`;
}
