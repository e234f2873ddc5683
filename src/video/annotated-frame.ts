import type { Frame, Size } from '../foundation/frame.js';
import { Canvas } from './canvas.js';
import { background, known, predicted } from './panel-colours.js';
import { panelLabels, panelShape, type Panel, type TimeStep } from './panels.js';
import { chooseFittingText, SMALLEST_TEXT, textHeight, textWidth } from './text.js';

/** Layout of a panel; lengths in pixels. */
interface Layout extends Size {
  border: number;
  /** Text size. */
  letters: number;
  /** Height of the text strip above the frame, and of the strip below the frame. */
  strip: number;
}

/**
 * Draws one labelled frame of a prediction video: the panels of `step`, side by side. Each panel has its label above,
 * and a border in the colour of known or of predicted frames. A line below states the frame's number, and known or
 * predicted. Texts wider than a panel are shortened or omitted. Both sides of the result are even.
 * @param scale output pixels per pixel of a panel's frame
 */
export async function annotateFrame(step: TimeStep, scale: number): Promise<Frame> {
  const { panels } = step;
  const layout = layoutFor(panelShape(panels), scale);
  const { width, height } = sizeOf(panels.length, layout);
  const canvas = new Canvas(width, height, 3, background);
  for (const [index, panel] of panels.entries()) {
    await drawPanel(canvas, layout.border + index * advanceOf(layout), panel, step, layout, scale);
  }
  return canvas;
}

/**
 * Returns the size in pixels of the frames that `annotateFrame` draws.
 * @param panels number of panels
 * @param frame size of a panel's frame, before scaling
 * @param scale output pixels per pixel of a panel's frame
 */
export function annotatedSize(panels: number, frame: Size, scale: number): Size {
  return sizeOf(panels, layoutFor(frame, scale));
}

function sizeOf(panels: number, layout: Layout): Size {
  const { height, border, strip } = layout;
  // Video encoders need even sizes.
  const even = (side: number) => side + (side % 2);
  return { width: even(panels * advanceOf(layout) + border), height: even(height + 2 * (border + strip)) };
}

/** Returns the distance from the left edge of one panel to the next, in pixels. */
function advanceOf({ width, border }: Layout): number {
  return width + 3 * border;
}

/** Returns the layout of panels. Text grows with the panel, but slower than the panel. */
function layoutFor(frame: Size, scale: number): Layout {
  const width = frame.width * scale;
  const height = frame.height * scale;
  const letters = Math.min(Math.max(Math.round(4 + width / 20), SMALLEST_TEXT), 24);
  // Chroma of half the resolution keeps an even border.
  const border = 2 * Math.min(Math.max(Math.round(width / 100), 1), 4);
  return { width, height, letters, border, strip: 2 * Math.ceil((textHeight(letters) + 2) / 2) };
}

async function drawPanel(canvas: Canvas, x: number, panel: Panel, step: TimeStep, layout: Layout, scale: number) {
  const { width, height, border, letters, strip } = layout;
  const colour = panel.predicted ? predicted : known;
  const outer = width + 2 * border;
  const write = (text: string, left: number, y: number) => canvas.write(text, left, y + 1, letters, colour);

  const label = chooseFittingText(panelLabels(panel), letters, outer);
  if (label !== null) await write(label, x, 0);

  canvas.fill({ x, y: strip, width: outer, height: height + 2 * border }, colour);
  if (panel.frame !== null) canvas.paste(panel.frame, x + border, strip + border, scale);
  else canvas.fill({ x: x + border, y: strip + border, width, height }, background);

  const below = strip + height + 2 * border;
  const number = chooseFittingText([`frame ${step.index}`, String(step.index)], letters, outer / 2);
  const numberWidth = number === null ? 0 : textWidth(number, letters);
  if (number !== null) await write(number, x + outer - numberWidth, below);
  const state = chooseFittingText([stateOf(panel, step)], letters, outer - numberWidth - letters / 2);
  if (state !== null) await write(state, x, below);
}

/** Returns the text for the state of a panel; empty for the truth at predicted steps, which its label names. */
function stateOf(panel: Panel, step: TimeStep): string {
  if (panel.predicted) return 'predicted';
  if (panel.frame === null) return 'clip ended';
  return step.predicted ? '' : 'known';
}
