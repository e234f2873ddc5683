import {
  previousCellOffset,
  scanSteps,
  stateTaps,
  type ScanOrder,
  type ScanShape,
} from '../../src/backend/scan-shape.js';
import type { AddOp } from '../../src/model/ops/index.js';
import { cellOf, drawGrid, middleOf, type Place } from './grid.js';
import { fieldsAt, networkOf, opNamed } from './networks.js';
import { Drawing, type Paint } from './drawing.js';

const size = { width: 6, height: 5 };

/**
 * Draws the three scan orders of an image, the pixels that a pixel reads, and diagonals as columns of a skewed map.
 */
export function scanOrders(): string {
  const drawing = new Drawing(
    760,
    484,
    'Three grids with the number of the step that computes each pixel: by rows, by diagonals, by mirrored ' +
      'diagonals. Arrows show the pixels whose states a pixel reads. Below, diagonals as columns of a skewed map.',
  );
  const kinds: [ScanOrder, string][] = [
    ['rows', 'Row LSTM: rows'],
    ['diagonals', 'Diagonal, from the left'],
    ['mirrored-diagonals', 'Diagonal, from the right'],
  ];
  kinds.forEach(([walk, title], index) => {
    const place = { x: 24 + index * 246, y: 44, pitch: 36 };
    drawing.text(place.x, 30, title, { bold: true });
    drawSteps(drawing, place, walk);
    drawReads(drawing, place, walk);
  });
  drawing.text(24, 248, 'A number is the step that computes a pixel: equal numbers, side by side.', {
    size: 12,
    paint: 'muted',
  });
  drawing.arrow({ paint: 'here', thickness: 2 }, [24, 266], [64, 266]);
  drawing.text(72, 270, 'where h comes from', { size: 12, paint: 'muted' });
  drawing.arrow({ paint: 'wrong', thickness: 2 }, [210, 266], [250, 266]);
  drawing.text(258, 270, 'where h and the cell c come from', { size: 12, paint: 'muted' });

  drawing.text(24, 310, 'The paper skews the map; here the diagonals are walked in place', { bold: true });
  drawSkewed(drawing, { x: 24, y: 324, pitch: 28 });
  const lines = [
    'Row r is moved r places to the right: a diagonal',
    'becomes a column. The pixel above stands in the',
    'column before, one row up; the left neighbour in',
    'the column before, in the same row.',
    'The places without a name are no pixels.',
  ];
  lines.forEach((line, index) => drawing.text(330, 344 + 20 * index, line, { size: 12, paint: 'muted' }));
  return drawing.toString();
}

function shapeOf(scanOrder: ScanOrder): ScanShape {
  return { ...size, scanOrder, groups: [1] };
}

/** Returns the step that computes each pixel. */
function stepOf(walk: ScanOrder): number[] {
  const steps: number[] = [];
  scanSteps(shapeOf(walk)).forEach((pixels, step) => pixels.forEach((pixel) => (steps[pixel] = step)));
  return steps;
}

function drawSteps(drawing: Drawing, place: Place, walk: ScanOrder): void {
  const steps = stepOf(walk);
  drawGrid(drawing, place, size, (row, column): Paint[] => [
    steps[row * size.width + column] % 2 === 0 ? 'seen' : 'empty',
  ]);
  steps.forEach((step, pixel) => {
    const [x, y] = cellOf(place, Math.floor(pixel / size.width), pixel % size.width);
    drawing.text(x + 4, y + 13, String(step + 1), { size: 11 });
  });
}

/** Arrows from the pixels whose states a pixel of the third row reads. */
function drawReads(drawing: Drawing, place: Place, walk: ScanOrder): void {
  const row = 2;
  const column = 3;
  const [x, y] = middleOf(place, row, column);
  drawing.outline(cellOf(place, row, column), 'here', 2);
  for (const { dy, dx } of stateTaps[walk]) {
    const isCell = dy === previousCellOffset[walk].dy && dx === previousCellOffset[walk].dx;
    const [fromX, fromY] = middleOf(place, row + dy, column + dx);
    const length = Math.hypot(fromX - x, fromY - y);
    const gap = dx === 0 || dy === 0 ? 19 : 26;
    const end = [x + (gap * (fromX - x)) / length, y + (gap * (fromY - y)) / length] as const;
    drawing.arrow({ paint: isCell ? 'wrong' : 'here', thickness: 2 }, [fromX, fromY], end);
  }
}

function drawSkewed(drawing: Drawing, place: Place): void {
  const steps = stepOf('diagonals');
  const columns = scanSteps(shapeOf('diagonals')).length;
  const pixels = new Map(steps.map((step, pixel) => [Math.floor(pixel / size.width) * columns + step, pixel]));
  drawGrid(drawing, place, { height: size.height, width: columns }, (row, column): Paint[] => [
    !pixels.has(row * columns + column) ? 'edge' : column % 2 === 0 ? 'seen' : 'empty',
  ]);
  for (const [at, pixel] of pixels) {
    const [x, y] = middleOf(place, Math.floor(at / columns), at % columns);
    const name = `${Math.floor(pixel / size.width)},${pixel % size.width}`;
    drawing.text(x, y + 4, name, { anchor: 'middle', size: 10 });
  }
}

/** Why the state from the right comes down by one row: what reaches the states at one pixel. */
export function oneRowDown(): string {
  const wide = { width: 13, height: 7 };
  const { program } = networkOf({ name: 'diagonal-bilstm', size: wide, channels: 1, layers: 1 });
  const [left, right] = ['left', 'right'].map((side) => opNamed(program, `layers.0.${side}.state`));
  const both = program.ops.find((op): op is AddOp => op.op === 'add')!;
  const row = 4;
  const column = 5;
  const drawing = new Drawing(
    760,
    196,
    'What reaches the states at one pixel. From the left: earlier pixels. From the right: also pixels to the ' +
      'right in its row, which are still to come. Moved down by a row: earlier pixels alone. Their sum: all but ' +
      'one.',
  );
  const panels = [
    { title: 'state from the left', op: left, rowsUp: 0 },
    { title: 'from the right: the future', op: right, rowsUp: 0 },
    { title: 'the same, one row down', op: right, rowsUp: both.rowsDown },
    { title: 'their sum', op: both, rowsUp: 0 },
  ];
  const here = row * wide.width + column;
  panels.forEach(({ title, op, rowsUp }, index) => {
    const fields = fieldsAt(program, op);
    const place = { x: 20 + index * 184, y: 44, pitch: 13 };
    drawing.text(place.x, 30, title, { bold: true, size: 12 });
    drawGrid(drawing, place, wide, (y, x): Paint[] => {
      const pixel = y * wide.width + x;
      const isSeen = fields.reaches(pixel, here - rowsUp * wide.width);
      if (pixel === here) return ['here'];
      if (isSeen) return [pixel < here ? 'seen' : 'wrong'];
      return [pixel < here ? 'lost' : 'empty'];
    });
  });
  drawing.legend(20, 172, [
    ['here', 'the pixel', 86],
    ['seen', 'reaches the state', 134],
    ['lost', 'earlier, does not reach it', 176],
    ['wrong', 'later, reaches it: not allowed', 196],
    ['empty', 'later', 60],
  ]);
  return drawing.toString();
}
