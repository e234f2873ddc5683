import { markup } from '../markup.js';
import type { BlockKind } from './block-kind.js';

/** Block of prose, or of verbatim lines. */
export interface TextBlock {
  kind: 'text';
  title?: string;
  text: string;
  /** True to show the text verbatim, in a monospaced font. */
  verbatim?: boolean;
  /** True to fold the text away on a page, and to omit it in a terminal. */
  folded?: boolean;
}

/** Returns a block of verbatim lines. */
export function makeLines(title: string, lines: readonly string[]): TextBlock {
  return { kind: 'text', title, text: lines.join('\n'), verbatim: true };
}

/** Renderers of text blocks. */
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
