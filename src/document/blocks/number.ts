import { markup } from '../markup.js';
import type { BlockKind } from './block-kind.js';

/** A figure that says most. */
export interface NumberBlock {
  kind: 'number';
  title: string;
  /** As it is written, with its digits. */
  value: string;
  unit?: string;
  /** One line on what it means. */
  note?: string;
}

export const number: BlockKind<NumberBlock> = {
  text: ({ title, value, unit }) => `${title}: ${[value, unit].filter(Boolean).join(' ')}`,
  json: ({ title, value, unit }) => ({ title, value, unit }),
  html: ({ title, value, unit, note }) => markup`<section class="number"><h3>${title}</h3>
<p class="value">${value}${unit !== undefined && markup` <span class="unit">${unit}</span>`}</p>${
    note !== undefined && markup`<p class="note">${note}</p>`
  }</section>`,
};
