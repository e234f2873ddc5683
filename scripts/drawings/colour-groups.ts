import { filterMask } from '../../src/backend/convolution-shape.js';
import type { ConvOp } from '../../src/model/ops/index.js';
import { networkOf, opNamed } from './networks.js';
import { Drawing, type Box, type Paint } from './drawing.js';

const colours: readonly Paint[] = ['red', 'green', 'blue'];
const letters = 'RGB';

/** Draws the colour groups of 128 features and their 512 gates, and the unmasked weights of two 1x1 convolutions. */
export function colourGroups(): string {
  const hidden = 128;
  const size = { width: 9, height: 9 };
  const { program } = networkOf({ name: 'diagonal-bilstm', size, channels: 3, layers: 1, hidden });
  const gates = opNamed(program, 'layers.0.left.input') as ConvOp;
  const up = opNamed(program, 'layers.0.up') as ConvOp;
  const drawing = new Drawing(
    760,
    356,
    'Weights of two 1x1 convolutions as matrices, inputs across and outputs down. Red outputs see red inputs, ' +
      'green ones red and green, blue ones all. The gates o, f, i, g of each colour stand together.',
  );
  drawing.text(24, 30, 'The 128 features of a state to 256', { bold: true });
  drawMatrix(drawing, up, [72, 62, 128, 256], false);
  drawing.text(340, 30, '256 features to the 4 x 128 gates of an LSTM', { bold: true });
  drawMatrix(drawing, gates, [392, 62, 256, 256], true);
  drawing.text(664, 132, 'Each colour', { size: 12, paint: 'muted' });
  drawing.text(664, 148, 'has gates of', { size: 12, paint: 'muted' });
  drawing.text(664, 164, 'its own:', { size: 12, paint: 'muted' });
  drawing.text(664, 180, 'o, f, i, g.', { size: 12, paint: 'muted' });
  drawing.text(72, 340, 'Inputs across, outputs down.', { size: 12, paint: 'muted' });
  drawing.legend(392, 340, [
    ['red', '', 14],
    ['green', '', 14],
    ['blue', 'weights, in the colour of the input', 230],
    ['empty', 'masked', 60],
  ]);
  return drawing.toString();
}

function drawMatrix(drawing: Drawing, { x: slot, shape }: ConvOp, [x, y, width, height]: Box, isGates: boolean): void {
  const { inFeatures, outFeatures, groups } = shape;
  const mask = filterMask(shape);
  const across = width / inFeatures;
  const down = height / outFeatures;
  const columns = cut(slot.groups);
  const rows = cut(groups);
  for (const [colour, [left, wide]] of columns.entries())
    for (const [top, high] of rows) {
      const isSeen = mask[left * outFeatures + top] === 1;
      const box: Box = [x + left * across, y + top * down, wide * across - 1.5, high * down - 1.5];
      drawing.boxes(isSeen ? colours[colour] : 'empty', [box]);
    }
  columns.forEach(([left, wide], colour) => {
    const words = `${letters[colour]} ${wide}`;
    drawing.text(x + (left + wide / 2) * across, y - 8, words, { anchor: 'middle', size: 12 });
  });
  rows.forEach(([top, high], colour) => {
    const middle = y + (top + high / 2) * down + 4;
    if (!isGates) {
      drawing.text(x - 8, middle, `${letters[colour]} ${high}`, { anchor: 'end', size: 12 });
      return;
    }
    drawing.text(x - 24, middle, letters[colour], { anchor: 'end', size: 12 });
    [...'ofig'].forEach((gate, index) => {
      const line = y + (top + (index * high) / 4) * down;
      drawing.text(x - 8, line + (high * down) / 8 + 4, gate, { anchor: 'end', size: 12 });
      if (index > 0) drawing.line({ paint: 'card' }, [x, line - 0.75], [x + width - 1.5, line - 0.75]);
    });
  });
}

/** Start and length of each group. */
function cut(groups: readonly number[]): [number, number][] {
  let start = 0;
  return groups.map((size) => {
    start += size;
    return [start - size, size];
  });
}
