import { toOneLine } from '../../foundation/control-characters.js';
import { markup } from '../markup.js';
import type { BlockKind } from './block-kind.js';

/** Block of rows of words and figures. */
export interface Table {
  kind: 'table';
  title?: string;
  /** Alignment of each column, as in LaTeX: one letter per column, `l` or `r`. */
  align: string;
  /** Column titles; null for none. */
  titles: readonly string[] | null;
  /** Cells of each row, one per column. */
  rows: readonly (readonly string[])[];
  /** Explanation of the columns, in one line. */
  note?: string;
  /** True to fold the table away on a page until the reader opens the table. */
  folded?: boolean;
}

/**
 * Returns a table block without a title.
 * @param align alignment of each column, one letter per column: `l` or `r`
 * @param titles column titles; null for none
 * @param rows cells of each row, one per column
 */
export function makeTable(
  align: string,
  titles: readonly string[] | null,
  rows: readonly (readonly string[])[],
): Table {
  return { kind: 'table', align, titles, rows };
}

/**
 * Returns a table as plain text: cells padded to the width of their column, two spaces between columns, one line per
 * row, no trailing spaces.
 */
export function tableText({ align, titles, rows }: Pick<Table, 'align' | 'titles' | 'rows'>): string {
  const lines = [...(titles === null ? [] : [titles]), ...rows].map((cells) => cells.map(toOneLine));
  const widths = [...align].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const pad = (cell: string, column: number) =>
    align[column] === 'l' ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

/** Returns a table as CSV by RFC 4180, but with LF as line end. */
export function tableCsv({ titles, rows }: Pick<Table, 'titles' | 'rows'>): string {
  const quoted = (cell: string) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return [...(titles === null ? [] : [titles]), ...rows].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

/**
 * Returns the HTML of a table's titles and rows, without its title and note. Wide tables scroll by themselves, also by
 * keyboard.
 */
export function tableHtml({ title, align, titles, rows }: Table) {
  const name = title ?? titles?.join(', ') ?? 'table';
  const cell = (text: string, column: number) => {
    const side = align[column] === 'l' ? 'left' : 'right';
    return column === 0 && titles !== null
      ? markup`<th scope="row" class="${side}">${text}</th>`
      : markup`<td class="${side}">${text}</td>`;
  };
  const head = (text: string, column: number) =>
    markup`<th scope="col" class="${align[column] === 'l' ? 'left' : 'right'}">${text}</th>`;
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${name}"><table>${
    titles !== null && markup`<thead><tr>${titles.map(head)}</tr></thead>`
  }<tbody>${rows.map((cells) => markup`<tr>${cells.map(cell)}</tr>\n`)}</tbody></table></div>`;
}

/** Renderers of table blocks. */
export const table: BlockKind<Table> = {
  text: (block) => [block.title, tableText(block), block.note].filter((part) => part !== undefined).join('\n'),
  json: ({ title, titles, rows }) => ({ title, titles, rows }),
  csv: tableCsv,
  html: (block) => {
    const { title, note, folded = false } = block;
    const body = markup`${tableHtml(block)}${note !== undefined && markup`<p class="note">${note}</p>`}`;
    if (folded) return markup`<details class="block"><summary>${title ?? 'figures'}</summary>${body}</details>`;
    return markup`<section class="block">${title !== undefined && markup`<h3>${title}</h3>`}${body}</section>`;
  },
};
