import { markup } from '../markup.js';
import type { BlockKind } from './block-kind.js';

/** Words, or lines that are typed or read as they are. */
export interface TextBlock {
  kind: 'text';
  title?: string;
  text: string;
  /** Whether it is shown as it would be typed, letters of one width. */
  verbatim?: boolean;
  /** Whether it is shown only when it is asked for: on a page, and in a terminal not at all. */
  folded?: boolean;
}

export const text: BlockKind<TextBlock> = {
  text: ({ title, text: words, folded = false }) =>
    folded ? '' : [title, words].filter((part) => part !== undefined).join('\n'),
  json: (block) => ({ title: block.title, text: block.text }),
  html: ({ title, text: words, verbatim = false, folded = false }) => {
    const name = title ?? 'text';
    const body = verbatim
      ? markup`<pre class="scroll" tabindex="0" role="region" aria-label="${name}">${words}</pre>`
      : markup`<p>${words}</p>`;
    if (folded) return markup`<details class="block"><summary>${name}</summary>${body}</details>`;
    return markup`<section class="block">${title !== undefined && markup`<h3>${title}</h3>`}${body}</section>`;
  },
};
