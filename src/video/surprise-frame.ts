import type { Box, Frame, Size } from '../foundation/frame.js';
import { Canvas } from './canvas.js';
import { background, known, predicted } from './panel-colours.js';
import { chooseFittingText, textHeight } from './text.js';

const BORDER = 4;
const LETTERS = 14;
/** Even, so that chroma of half the resolution keeps it. */
const STRIP = 2 * Math.ceil((textHeight(LETTERS) + 4) / 2);

/** What a picture of a film shows of a frame. */
export interface SurprisePanels {
  frame: Frame;
  /** In colour, of the frame's size. */
  heatMap: Frame;
  /** What stands out, framed in both; null where nothing does. */
  box: Box | null;
  /** Texts for the line below: the first that fits. */
  texts: readonly string[];
}

/**
 * One picture of a film that shows where a frame was surprising: the frame, beside it the heat map, and a line below.
 *
 * @param scale screen pixels for one pixel of the frame
 */
export async function drawSurpriseFrame({ frame, heatMap, box, texts }: SurprisePanels, scale: number): Promise<Frame> {
  const { width, height } = surpriseSize(frame, scale);
  const canvas = new Canvas(width, height, 3, background);
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

/** The size of such a picture: even, as films need it. */
function surpriseSize(frame: Size, scale: number): Size {
  const even = (side: number) => 2 * Math.ceil(side / 2);
  return { width: even(2 * frame.width * scale + 3 * BORDER), height: even(frame.height * scale + BORDER + STRIP) };
}

/** Enough that the line below can be read. */
export function surpriseScale({ width, height }: Size): number {
  return Math.max(1, Math.round(320 / Math.max(width, height)));
}

/** A box of a frame, where that is shown enlarged. */
export function scaleBox({ x, y, width, height }: Box, left: number, top: number, scale: number): Box {
  return { x: left + x * scale, y: top + y * scale, width: width * scale, height: height * scale };
}
