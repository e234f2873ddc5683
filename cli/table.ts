export interface Column {
  title: string;
  align: 'left' | 'right';
}

/**
 * A plain-text table: cells padded with spaces to the width of their column, two spaces between columns, one line a row
 * and no trailing spaces. The line of titles is left out where all titles are empty.
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map(({ title }) => title);
  const lines = titles.some((title) => title !== '') ? [titles, ...rows] : rows;
  const widths = columns.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const pad = (cell: string, column: number) =>
    columns[column].align === 'left' ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}
