import { cellOf, drawGrid, type Place } from './grid.js';
import { Drawing, type Paint } from './drawing.js';

const size = { width: 7, height: 7 };
const PITCH = 14;
const TOP = 62;
const MIDDLE = TOP + (size.height * PITCH) / 2;
/** The sub-pixel that is drawn, in raster order. */
const DRAWN = { row: 3, column: 4 };

/** Draws the prediction of a frame: context frames, the expected frame, and the draw, pixel by pixel. */
export function overview(): string {
  const drawing = new Drawing(
    820,
    236,
    'The last known frames are moved into place by motion that the network predicts: the expected frame. About ' +
      'it the next frame is drawn pixel by pixel, each from a probability of every level given all pixels before ' +
      'it. The frame joins the past, and the next one is predicted from there.',
  );
  const [first, second, expected, drawn]: Place[] = [24, 134, 300, 476].map((x) => ({ x, y: TOP, pitch: PITCH }));
  const ball = (at: number, paint: Paint) => (row: number, column: number) => {
    const isIn = row >= 3 - at && row < 5 - at && column >= 1 + at && column < 3 + at;
    return [isIn ? paint : 'empty'] as const;
  };
  drawGrid(drawing, first, size, ball(0, 'seen'));
  drawGrid(drawing, second, size, ball(1, 'seen'));
  drawGrid(drawing, expected, size, ball(2, 'lost'));
  drawGrid(drawing, drawn, size, (row, column) => {
    const isBefore = row < DRAWN.row || (row === DRAWN.row && column < DRAWN.column);
    return isBefore ? ball(2, 'blue')(row, column) : ['card'];
  });
  const [left, top, side] = cellOf(drawn, DRAWN.row, DRAWN.column);
  drawing.outline([drawn.x - 2, drawn.y - 2, size.width * PITCH + 3, size.height * PITCH + 3], 'edge');
  drawing.outline([left, top, side, side], 'wrong', 2);

  drawing.arrow({}, [240, MIDDLE], [292, MIDDLE]);
  drawing.arrow({}, [406, MIDDLE], [466, MIDDLE]);
  drawing.arrow({}, [638, top + side / 2], [left + side + 4, top + side / 2]);
  drawing.text(266, MIDDLE - 12, 'motion', { size: 12, paint: 'muted', anchor: 'middle' });
  drawing.text(436, MIDDLE - 12, 'about it', { size: 12, paint: 'muted', anchor: 'middle' });
  drawLevels(drawing, 646, MIDDLE + 24);

  const below = TOP + size.height * PITCH + 22;
  drawing.text(24, 40, 'the past', { bold: true });
  drawing.text(expected.x, 40, 'the expected frame', { bold: true });
  drawing.text(drawn.x, 40, 'the draw, pixel by pixel', { bold: true });
  drawing.text(24, below, 'four frames and more', { size: 12, paint: 'muted' });
  drawing.text(expected.x, below, 'also the best guess', { size: 12, paint: 'muted' });
  drawing.text(drawn.x, below, 'in raster order; R, G, B', { size: 12, paint: 'muted' });
  const middle = drawn.x + (size.width * PITCH) / 2;
  const lowest = below + 28;
  drawing.arrow({ dashed: true }, [middle, below + 8], [middle, lowest], [73, lowest], [73, below + 10]);
  drawing.text(300, lowest - 6, 'the frame joins the past', { size: 12, paint: 'muted', anchor: 'middle' });
  return drawing.toString();
}

/** Draws the probability of each level of the sub-pixel, two bumps of a mixture of logistics. */
function drawLevels(drawing: Drawing, x: number, bottom: number): void {
  const logistic = (level: number, mean: number, scale: number) => 1 / Math.cosh((level - mean) / (2 * scale)) ** 2;
  const heights = Array.from({ length: 36 }, (_, at) => 44 * logistic(at, 24, 1.6) + 12 * logistic(at, 9, 2.2));
  drawing.boxes(
    'seen',
    heights.map((height, at) => [x + 4 * at, bottom - height, 3, height] as const),
  );
  drawing.line({ paint: 'edge' }, [x - 2, bottom], [x + 146, bottom]);
  drawing.text(x + 72, bottom + 18, 'P(level | all before)', { size: 12, paint: 'muted', anchor: 'middle' });
}
