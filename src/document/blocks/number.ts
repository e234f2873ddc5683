import { markup } from '../markup.js';
import type { BlockKind } from './block-kind.js';

/** Block of one figure, shown large. */
export interface NumberBlock {
  kind: 'number';
  title: string;
  /** Figure as text, with the digits to show. */
  value: string;
  unit?: string;
  /** Explanation in one line. */
  note?: string;
}

/** Renderers of number blocks. */
export const number: BlockKind<NumberBlock> = {
  text: ({ title, value, unit }) => `${title}: ${[value, unit].filter(Boolean).join(' ')}`,
  json: ({ title, value, unit }) => ({ title, value, unit }),
  html: ({ title, value, unit, note }) => markup`<section class="number"><h3>${title}</h3>
<p class="value">${value}${unit !== undefined && markup` <span class="unit">${unit}</span>`}</p>${
    note !== undefined && markup`<p class="note">${note}</p>`
  }</section>`,
};
