import type { Frame, Size } from '../foundation/frame.js';
import { Canvas, type Colour } from './canvas.js';
import { chooseFittingText, SMALLEST_TEXT, textHeight, textWidth } from './text.js';

/** Background colour of panels, sheets and timelines. */
export const background: Colour = [28, 28, 32];

/** Colour of borders and labels of known frames. */
export const known: Colour = [225, 225, 225];

/**
 * Colour of borders and labels of predicted frames, of outlines of events, and of the line before the first predicted
 * frame.
 */
export const predicted: Colour = [255, 140, 0];

/** Panel of a prediction at a time step. */
export interface Panel {
  /** Label, such as `truth` or `sample 2`; the same at all time steps. */
  label: string;
  /** Frame to show; null for the truth after the clip's end. */
  frame: Frame | null;
  /** True if a model predicted the frame; false if the frame is the clip's. */
  predicted: boolean;
}

/** Time step of a prediction: the same panels at all steps, all frames of one size. */
export interface TimeStep {
  /** Index of the frame in the clip, from 0. */
  index: number;
  /** True if the frame is predicted. False if the frame is known; every panel then shows the clip's own frame. */
  predicted: boolean;
  panels: readonly Panel[];
}

/** Returns the frames of all panels side by side, from left to right, without gaps. Missing frames are black. */
export function tilePanels({ panels }: TimeStep): Frame {
  const { width, height, channels } = panelShape(panels);
  const canvas = new Canvas(panels.length * width, height, channels, [0, 0, 0]);
  for (const [index, { frame }] of panels.entries()) if (frame !== null) canvas.paste(frame, index * width, 0, 1);
  return canvas;
}

/**
 * Returns the first frame of the panels, for its size and channels, which all frames share.
 * @throws TypeError if no panel has a frame
 */
export function panelShape(panels: readonly Panel[]): Frame {
  const shown = panels.find(({ frame }) => frame !== null)?.frame;
  if (!shown) throw new TypeError('panels without a single frame');
  return shown;
}

/** Returns texts for a panel's label, the longest first: `sample 2`, then `s2` for narrow panels. */
export function panelLabels({ label }: Panel): string[] {
  return [label, label.replace(/([a-z])[a-z]*/gi, '$1').replaceAll(' ', '')];
}

/** Returns the name of the folder for a panel's frames, such as `sample-2`. */
export function panelFolder({ label }: Panel): string {
  return label.replaceAll(' ', '-');
}

/** Returns true if `name` has the form of a folder of `panelFolder`: truth, best-guess, mean-of-N or sample-N. */
export function isPanelFolder(name: string): boolean {
  return /^(?:truth|best-guess|mean-of-\d+|sample-\d+)$/.test(name);
}

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
