import type { Frame } from '../../foundation/frame.js';
import { markup } from '../markup.js';
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
  /** Explanation in one line. */
  note?: string;
}

/** Renderers of picture blocks. */
export const picture: BlockKind<Picture> = {
  text: ({ title, note }) => [title, note].filter(Boolean).join(': '),
  json: ({ title, note, frame: { width, height } }) => ({ title, note, width, height }),
  html: async ({ id, title, frame, note }) => {
    const { width, height } = frame;
    const { uri } = await encodeSprite([frame]);
    return markup`<figure class="picture"${id !== undefined && markup` id="${id}" tabindex="-1"`}>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<image href="${uri}" width="${width}" height="${height}"/>
</svg><figcaption><strong>${title}</strong>${note !== undefined && markup` <span class="note">${note}</span>`}
</figcaption></figure>`;
  },
};
