import { drawChart, type Chart } from '../chart.js';
import { Markup, markup } from '../markup.js';
import type { BlockKind } from './block-kind.js';
import { tableCsv, tableHtml, tableText, type Table } from './table.js';

/** Block of a line chart. */
export interface Series extends Chart {
  kind: 'series';
  /** Explanation in one line. */
  note?: string;
}

/** Chart sizes of a page in pixels; two, so that text is as large on a phone. */
const sizes = { wide: { width: 960, height: 360 }, narrow: { width: 340, height: 300 } };

/** Returns a table with one row per point, for plotting programs. */
function tableOfPoints({ x, y, lines, bands = [] }: Series): Pick<Table, 'align' | 'titles' | 'rows'> {
  const rows = [
    ...lines.flatMap(({ name, points }) => points.map(([at, value]) => [name, String(at), String(value), ''])),
    ...bands.flatMap(({ name, points }) =>
      points.map(([at, low, high]) => [name, String(at), String(low), String(high)]),
    ),
  ];
  const titles = ['line', x.label, y.label, 'up to'];
  if (bands.length > 0) return { align: 'lrrr', titles, rows };
  return { align: 'lrr', titles: titles.slice(0, 3), rows: rows.map((row) => row.slice(0, 3)) };
}

/** Returns a table for people: number of values, first, last, minimum and maximum of each line. */
function tableOfEnds({ x, lines }: Series): Pick<Table, 'align' | 'titles' | 'rows'> {
  const rows = lines.map(({ name, points }) => {
    const values = points.map(([, value]) => value).filter(Number.isFinite);
    const min = values.reduce((a, b) => Math.min(a, b), Infinity);
    const max = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const shown = values.length === 0 ? [NaN, NaN, NaN, NaN] : [values[0], values[values.length - 1], min, max];
    return [name, String(values.length), ...shown.map((value) => (Number.isNaN(value) ? '-' : value.toFixed(3)))];
  });
  return { align: 'lrrrrr', titles: ['line', `values over ${x.label}`, 'first', 'last', 'min', 'max'], rows };
}

/** Renderers of line chart blocks. */
export const series: BlockKind<Series> = {
  text: (block) => `${block.title}, ${block.y.label}\n${tableText(tableOfEnds(block))}`,
  json: ({ title, x, y, lines, bands }) => ({ title, x, y, lines, bands }),
  csv: (block) => tableCsv(tableOfPoints(block)),
  html: (block) => {
    const { title, note } = block;
    const drawn = Object.entries(sizes).map(
      ([name, size]) => markup`<div class="${name}">${new Markup(drawChart(block, size))}</div>`,
    );
    const figures = tableHtml({ kind: 'table', title: `figures of ${title}`, ...tableOfEnds(block) });
    const footnote = note !== undefined && markup`<p class="note">${note}</p>`;
    return markup`<section class="block chart"><h3>${title}</h3>${drawn}${footnote}
<div class="tools"><details><summary>Figures</summary>${figures}</details>
<button type="button" class="save" hidden>Save as SVG</button></div></section>`;
  },
};
