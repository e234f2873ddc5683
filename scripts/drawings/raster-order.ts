import { cellOf, drawGrid, middleOf } from './grid.js';
import { Drawing, type Paint } from './drawing.js';

/** Draws the order of the sub-pixels, and the sub-pixels that the probability of each is given. */
export function rasterOrder(): string {
  const drawing = new Drawing(
    760,
    218,
    'Left: an image, of which the rows above the current pixel and the pixels to its left are known. Right: ' +
      'within the pixel red comes first, then green, then blue.',
  );
  const size = { width: 9, height: 6 };
  const place = { x: 28, y: 28, pitch: 24 };
  const row = 3;
  const column = 4;
  const here = row * size.width + column;
  const zoom = { x: 330, y: 42, pitch: 44 };
  // From the corners of the pixel to those of its sub-pixels, beside the image alone.
  const [x, y, side] = cellOf(place, row, column);
  const beside = place.x + size.width * place.pitch;
  const join = (from: number, to: number) => {
    const at = from + ((to - from) * (beside - x - side)) / (zoom.x - 8 - x - side);
    drawing.line({ paint: 'edge' }, [beside, at], [zoom.x - 8, to]);
  };
  join(y, zoom.y);
  join(y + side, zoom.y + 3 * zoom.pitch - 8);
  drawGrid(drawing, place, size, (y, x): Paint[] => {
    const pixel = y * size.width + x;
    return [pixel < here ? 'seen' : pixel === here ? 'here' : 'empty'];
  });
  for (let y = 0; y < row; y++)
    drawing.arrow({ paint: 'onColour', thickness: 1 }, middleOf(place, y, 0), middleOf(place, y, size.width - 1));
  drawing.arrow({ paint: 'onColour', thickness: 1 }, middleOf(place, row, 0), middleOf(place, row, column - 1));
  drawing.legend(28, 200, [
    ['seen', 'known', 66],
    ['here', 'drawn now', 90],
    ['empty', 'still to come', 90],
  ]);

  const colours: [Paint, string, string][] = [
    ['red', 'R', 'P(R | all earlier pixels)'],
    ['green', 'G', 'P(G | all earlier pixels, R)'],
    ['blue', 'B', 'P(B | all earlier pixels, R, G)'],
  ];
  for (const [index, [paint, letter, formula]] of colours.entries()) {
    const top = zoom.y + index * zoom.pitch;
    drawing.boxes(paint, [[zoom.x, top, 36, 36]]);
    drawing.text(zoom.x + 18, top + 23, letter, { anchor: 'middle', bold: true, paint: 'onColour' });
    drawing.text(zoom.x + 54, top + 23, formula, { size: 15 });
  }
  drawing.text(zoom.x, 200, 'Their product over all sub-pixels is the probability of the image.', {
    size: 12,
    paint: 'muted',
  });
  return drawing.toString();
}
