import type { Box, Frame, Size } from '../foundation/frame.js';
import { Canvas } from './canvas.js';
import { background, known, predicted } from './panels.js';
import { chooseFittingText, textHeight } from './text.js';

const BORDER = 4;
const LETTERS = 14;
/** Height of the text strip; even, so that chroma of half the resolution keeps the strip. */
const STRIP = 2 * Math.ceil((textHeight(LETTERS) + 4) / 2);

/** Content of a frame in a video of anomaly scores. */
export interface SurprisePanels {
  /** Scored frame. */
  frame: Frame;
  /** Heat map in colour, of the frame's size. */
  heatMap: Frame;
  /** Region with a high anomaly score, outlined in both panels; null if there is none. */
  box: Box | null;
  /** Texts for the line below, of which the first that fits is drawn. */
  texts: readonly string[];
}

/**
 * Draws one frame of a video of anomaly scores: the frame, the heat map on its right, and a line of text below. Both
 * sides of the result are even.
 * @param scale output pixels per pixel of the frame
 */
export async function drawSurpriseFrame({ frame, heatMap, box, texts }: SurprisePanels, scale: number): Promise<Frame> {
  // Video encoders need even sides.
  const even = (side: number) => 2 * Math.ceil(side / 2);
  const width = even(2 * frame.width * scale + 3 * BORDER);
  const canvas = new Canvas(width, even(frame.height * scale + BORDER + STRIP), 3, background);
  for (const [panel, picture] of [frame, heatMap].entries()) {
    const left = BORDER + panel * (frame.width * scale + BORDER);
    canvas.paste(picture, left, BORDER, scale);
    if (box !== null) canvas.outline(scaleBox(box, left, BORDER, scale), 2, predicted);
  }
  const text = chooseFittingText(texts, LETTERS, width - 2 * BORDER);
  if (text !== null)
    await canvas.write(text, BORDER, BORDER + frame.height * scale + 2, LETTERS, box === null ? known : predicted);
  return canvas;
}

/**
 * Returns the scale at which the line of text below a frame is legible: a whole number from 1, at which the longer side
 * is about 320 pixels.
 */
export function chooseSurpriseScale({ width, height }: Size): number {
  return Math.max(1, Math.round(320 / Math.max(width, height)));
}

/**
 * Returns the box on a canvas that covers `box` of a frame, if the frame is drawn at (`left`, `top`), enlarged by
 * `scale`.
 */
export function scaleBox({ x, y, width, height }: Box, left: number, top: number, scale: number): Box {
  return { x: left + x * scale, y: top + y * scale, width: width * scale, height: height * scale };
}
