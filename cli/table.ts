import { oneLine } from './progress.js';

/** A mean and its standard error, where there is one. */
export function withError(mean: number, standardError: number, digits: number): string {
  const error = Number.isNaN(standardError) ? '' : ` +- ${standardError.toFixed(digits)}`;
  return `${mean.toFixed(digits)}${error}`;
}

/**
 * A plain-text table: cells padded with spaces to the width of their column, two spaces between columns, one line a row
 * and no trailing spaces.
 * @param columns how each is aligned, `l` or `r`, as in LaTeX
 * @param given rows, that of the titles first, where there are any
 */
export function formatTable(columns: string, given: readonly (readonly string[])[]): string {
  const rows = given.map((cells) => cells.map(oneLine));
  const widths = [...columns].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const pad = (cell: string, column: number) =>
    columns[column] === 'l' ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return rows.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}
