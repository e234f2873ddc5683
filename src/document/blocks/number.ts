import { markup } from '../markup.js';
import type { BlockKind } from './block-kind.js';

/** Block of one figure, shown large. */
export interface NumberBlock {
  kind: 'number';
  title: string;
  /** Figure as text, with the digits to show. */
  value: string;
  unit?: string | undefined;
  /** Explanation in one line. */
  note?: string | undefined;
}

/** Returns a block of one figure. */
export function makeNumber(title: string, value: string, note?: string, unit?: string): NumberBlock {
  return { kind: 'number', title, value, note, unit };
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
