import type { Box, Frame } from '../../foundation/frame.js';
import { markup, type Markup } from '../markup.js';
import { encodeSprite } from '../sprite.js';
import type { BlockKind } from './block-kind.js';

/** Block of a single frame. */
export interface Picture {
  kind: 'picture';
  /** HTML id, as a target of links. */
  id?: string;
  title: string;
  /** Frame to show. */
  frame: Frame;
  /** Region with a high anomaly score, outlined; in pixels of the frame. */
  box?: Box;
  /** Explanation in one line. */
  note?: string;
}

function outline({ x, y, width, height }: Box, style: 'halo' | 'box'): Markup {
  return markup`<rect class="${style}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
}

/** Renderers of picture blocks. */
export const picture: BlockKind<Picture> = {
  text: ({ title, note }) => [title, note].filter(Boolean).join(': '),
  json: ({ title, note, frame: { width, height }, box }) => ({ title, note, width, height, box }),
  html: async ({ id, title, frame, box, note }) => {
    const { width, height } = frame;
    const { uri } = await encodeSprite([frame]);
    const outlines = box !== undefined && [outline(box, 'halo'), outline(box, 'box')];
    return markup`<figure class="picture"${id !== undefined && markup` id="${id}" tabindex="-1"`}>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<image href="${uri}" width="${width}" height="${height}"/>${outlines}
</svg><figcaption><strong>${title}</strong>${note !== undefined && markup` <span class="note">${note}</span>`}
</figcaption></figure>`;
  },
};
