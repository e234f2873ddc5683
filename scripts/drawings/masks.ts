import type { ConvOp } from '../../src/model/ops/index.js';
import type { Program } from '../../src/model/program.js';
import { drawGrid } from './grid.js';
import { networkOf, opNamed } from './networks.js';
import { Drawing, type Paint } from './drawing.js';

const colours: readonly Paint[] = ['red', 'green', 'blue'];

/** Draws the masks of a colour PixelCNN's kernels, tap by tap: of the first layer, and of the 3x3 in a block. */
export function masks(): string {
  return maskDrawing(networkOf({ name: 'pixel-cnn', size: { width: 9, height: 9 }, channels: 3, layers: 1 }).program);
}

/** Draws the masks of a program with a first layer and a PixelCNN block. */
export function maskDrawing(program: Program): string {
  const first = opNamed(program, 'first') as ConvOp;
  const wide = opNamed(program, 'layers.0.wide') as ConvOp;
  const drawing = new Drawing(
    760,
    412,
    'Taps of a 7x7 kernel on the image and of a 3x3 kernel on features, for red, green and blue outputs. Rows ' +
      'above and pixels to the left are seen whole, the centre in part, the rest not at all.',
  );
  colours.forEach((paint, group) => {
    const x = 190 + group * 186;
    const name = ['red', 'green', 'blue'][group];
    drawing.boxes(paint, [[x, 20, 12, 12]]);
    drawing.text(x + 18, 30, `to make ${name} features`, { bold: true });
    drawKernel(drawing, first, group, x, 44);
    drawKernel(drawing, wide, group, x + 46, 242);
  });
  const captions: [number, string[]][] = [
    [100, ['First layer, 7x7:', 'reads the image.', 'At the centre only', 'earlier colours:', 'mask A.']],
    [262, ['3x3 in a block:', 'reads features.', 'At the centre its', 'own colour too:', 'mask B.']],
  ];
  for (const [top, lines] of captions)
    lines.forEach((line, index) =>
      drawing.text(24, top + 18 * index, line, { bold: index === 0, ...(index > 0 && { paint: 'muted' }) }),
    );
  drawing.text(24, 366, 'A tap has three stripes: the red, green and blue part of what it reads.', { size: 12 });
  drawing.legend(24, 392, [
    ['red', '', 14],
    ['green', '', 14],
    ['blue', 'seen', 60],
    ['empty', 'masked: the weight is zero and never read', 100],
  ]);
  return drawing.toString();
}

function drawKernel(drawing: Drawing, { x: slot, shape }: ConvOp, group: number, x: number, y: number): void {
  const { height, width } = shape.kernel;
  const pitch = 24;
  drawGrid(drawing, { x, y, pitch }, { height, width }, (row, column) => {
    const tap = shape.taps.find(({ position }) => position === row * width + column);
    const sees = tap?.sees[group] ?? 0;
    let before = 0;
    return slot.groups.map((size, colour): Paint => {
      before += size;
      return sees >= before ? colours[colour] : 'empty';
    });
  });
  const centre = (side: number) => (pitch * (side - 1)) / 2 - 1.5;
  drawing.outline([x + centre(width), y + centre(height), pitch + 1, pitch + 1], 'here');
}
