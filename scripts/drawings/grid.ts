import type { Size } from '../../src/foundation/frame.js';
import type { Box, Drawing, Paint } from './drawing.js';

/** Where a grid of pixels stands in a drawing: its corner, and the pixels' pitch. */
export interface Place {
  x: number;
  y: number;
  pitch: number;
}

/** Paints of a cell's stripes from left to right. One paint fills the whole cell. */
export type CellPaints = (row: number, column: number) => readonly Paint[];

/** Draws a grid of cells with a gap between them. */
export function drawGrid(drawing: Drawing, place: Place, size: Size, paintsOf: CellPaints): void {
  const byPaint = new Map<Paint, Box[]>();
  for (let row = 0; row < size.height; row++)
    for (let column = 0; column < size.width; column++) {
      const paints = paintsOf(row, column);
      const [x, y, side] = cellOf(place, row, column);
      const width = side / paints.length;
      // Stripes of one paint become one box, for a seam would show between them.
      for (let first = 0, last = 0; first < paints.length; first = last) {
        while (last < paints.length && paints[last] === paints[first]) last++;
        const box: Box = [x + first * width, y, (last - first) * width, side];
        byPaint.set(paints[first], [...(byPaint.get(paints[first]) ?? []), box]);
      }
    }
  for (const [paint, boxes] of byPaint) drawing.boxes(paint, boxes);
}

/** Returns the cell of a pixel. */
export function cellOf({ x, y, pitch }: Place, row: number, column: number): Box {
  const side = pitch - (pitch > 14 ? 2 : 1);
  return [x + column * pitch, y + row * pitch, side, side];
}

/** Returns the middle of a cell. */
export function middleOf(place: Place, row: number, column: number): [number, number] {
  const [x, y, side] = cellOf(place, row, column);
  return [x + side / 2, y + side / 2];
}
