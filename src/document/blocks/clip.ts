import type { Frame } from '../../foundation/frame.js';
import { errorFactory } from '../../foundation/errors.js';
import { pluralize } from '../../foundation/pluralize.js';
import { Markup, markup } from '../markup.js';
import { encodeSprite } from '../sprite.js';
import type { BlockKind } from './block-kind.js';

/** Arrow of a motion, from (`x`, `y`) to (`x + dx`, `y + dy`), in pixels of the frame from the top left. */
export interface Arrow {
  x: number;
  y: number;
  dx: number;
  dy: number;
}

/** Panel of a clip block: one frame per step, beside the other panels. */
export interface ClipPanel {
  /** Heading of the panel. */
  title: string;
  /** Explanation in one line. */
  note: string;
  /**
   * True if the panel's frames at predicted steps are predictions, which get an edge in another colour. False, the
   * default: all frames are the clip's own.
   */
  predicted?: boolean;
  /** Frames by step, all of one size; null at a step without a frame. At least one is not null. */
  frames: readonly (Frame | null)[];
  /** Arrows drawn over the frames, one list per step. Default: none. */
  arrows?: readonly (readonly Arrow[])[];
}

/** Block of panels side by side, such as truth and prediction, which a reader plays with one scrubber. */
export interface Clip {
  kind: 'clip';
  /** Heading of the block. */
  title: string;
  /** Explanation in one line. */
  note?: string;
  /** Name of each step, such as `frame 57, predicted, 3 ahead`, and a flag for predicted steps. */
  steps: readonly { name: string; predicted: boolean }[];
  /** Steps per second in playback. */
  rate: number;
  panels: readonly ClipPanel[];
  /** Index of the step that is shown first. */
  first: number;
}

async function panelHtml({ title, note, predicted = false, frames, arrows }: ClipPanel, first: number) {
  const some = frames.find((frame) => frame !== null);
  if (some == null) throw errorFactory('INPUT', 'write report')(title, 'a frame', 'none', 'leave the panel out');
  const { width, height, channels } = some;
  const none = { width, height, channels, data: new Uint8Array(some.data.length).fill(128) };
  const { uri, columns, rows } = await encodeSprite(frames.map((frame) => frame ?? none));
  const place = `x="${-width * (first % columns)}" y="${-height * Math.floor(first / columns)}"`;
  const hidden = (step: number) => (step === first ? '' : ' display="none"');
  const drawn = (arrows ?? []).map(
    (list, step) => `<g data-step="${step}"${hidden(step)}><path class="arrows" d="${list.map(wedge).join('')}"/></g>`,
  );
  // Wide panels are stacked, so that a frame is below itself.
  const isRow = width > 2 * height;
  return markup`<figure class="panel${predicted ? ' predicted' : ''}${isRow ? ' row' : ''}">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<image data-columns="${columns}" href="${uri}" ${new Markup(place)}
width="${columns * width}" height="${rows * height}"/>${new Markup(drawn.join(''))}</svg>
<p class="note">${note}</p></figure>`;
}

/** Returns an SVG path of a wedge from the arrow's start to its end. */
function wedge({ x, y, dx, dy }: Arrow): string {
  const length = Math.hypot(dx, dy);
  const across = -dy / length;
  const down = dx / length;
  const point = (px: number, py: number) => `${px.toFixed(1)} ${py.toFixed(1)}`;
  return `M${point(x + across, y + down)}L${point(x + dx, y + dy)}L${point(x - across, y - down)}z`;
}

/** Renderers of clip blocks. */
export const clip: BlockKind<Clip> = {
  text: ({ title, steps, panels }) =>
    `${title}: ${pluralize(steps.length, 'frame')}, ${panels.map((panel) => panel.title).join(', ')}`,
  json: ({ title, steps, panels }) => ({ title, steps, panels: panels.map((panel) => panel.title) }),
  html: async ({ title, note, steps, rate, panels, first }) => {
    const shown = await Promise.all(panels.map((panel) => panelHtml(panel, first)));
    const items = steps.map(({ name, predicted }) => markup`<li${predicted && markup` data-predicted`}>${name}</li>`);
    return markup`<section class="block clip" data-rate="${rate}">
<h3>${title}</h3>${note !== undefined && markup`<p class="note">${note}</p>`}
<div class="scrubber"><button type="button" class="play">Play</button>
<input type="range" min="0" max="${steps.length - 1}" value="${first}" aria-label="frame of ${title}">
<output class="${steps[first].predicted ? 'predicted' : 'known'}">${steps[first].name}</output></div>
<ol class="steps" hidden>${items}</ol>
<div class="panels">${shown}</div></section>`;
  },
};
