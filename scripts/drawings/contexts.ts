import { formatSubPixel } from '../../src/commands/check/sub-pixels.js';
import type { NetworkName } from '../../src/model/presets.js';
import { pluralize } from '../../src/foundation/pluralize.js';
import { cellOf, drawGrid } from './grid.js';
import { fieldsAt, networkOf, opNamed } from './networks.js';
import { Drawing, type Paint } from './drawing.js';

const colours: readonly Paint[] = ['red', 'green', 'blue'];

/** Which pixels reach the output for one pixel of a grey image, by network and depth. */
export function contexts(): string {
  const size = { width: 17, height: 11 };
  const here = 8 * size.width + 8;
  const pitch = 13;
  const depths = [1, 3, 12];
  const networks: [NetworkName, string, string][] = [
    ['pixel-cnn', 'PixelCNN', 'depth widens what is seen; the blind spot on the right stays'],
    ['row-lstm', 'Row LSTM', 'a triangle up to the first row; depth widens it on the left only'],
    ['diagonal-bilstm', 'Diagonal BiLSTM', 'everything but the last pixel of the row above'],
  ];
  const panel = { width: size.width * pitch + 18, height: size.height * pitch + 58 };
  const drawing = new Drawing(
    2 * 20 + 3 * panel.width - 18,
    3 * panel.height + 62,
    'Pixels that reach the output for one pixel, for three networks of 1, 3 and 12 layers. The PixelCNN sees a ' +
      'part that grows with depth, the Row LSTM a triangle, the Diagonal BiLSTM everything before the pixel but ' +
      'one.',
  );
  networks.forEach(([name, title, shape], line) => {
    const top = 30 + line * panel.height;
    drawing.text(20, top, title, { bold: true });
    drawing.text(150, top, shape, { size: 12, paint: 'muted' });
    depths.forEach((layers, index) => {
      const { program } = networkOf({ name, size, channels: 1, layers });
      const fields = fieldsAt(program, opNamed(program, 'head'));
      const place = { x: 20 + index * panel.width, y: top + 12, pitch };
      let seen = 0;
      drawGrid(drawing, place, size, (row, column): Paint[] => {
        const pixel = row * size.width + column;
        if (pixel === here) return ['here'];
        if (fields.reaches(pixel, here)) seen++;
        return [fields.reaches(pixel, here) ? 'seen' : pixel < here ? 'lost' : 'empty'];
      });
      const caption = `${pluralize(layers, 'layer')}: ${seen} of the ${here} pixels before it`;
      drawing.text(place.x, place.y + size.height * pitch + 15, caption, { size: 12, paint: 'muted' });
    });
  });
  drawing.legend(20, 3 * panel.height + 44, [
    ['here', 'the pixel', 90],
    ['seen', 'reaches its output', 142],
    ['lost', 'earlier, but does not reach it', 200],
    ['empty', 'later: must not reach it', 100],
  ]);
  return drawing.toString();
}

/** The one sub-pixel that the Diagonal BiLSTM loses in colour images. */
export function lostCorner(): string {
  const size = { width: 13, height: 5 };
  const row = 3;
  const column = 4;
  const { program } = networkOf({ name: 'diagonal-bilstm', size, channels: 3, layers: 1 });
  const fields = fieldsAt(program, opNamed(program, 'head'));
  const output = (row * size.width + column) * 3 + 2;
  const drawing = new Drawing(
    760,
    236,
    'A colour image with three stripes a pixel. The output for blue of a pixel is reached by everything before ' +
      'it but the blue of the last pixel of the row above.',
  );
  const place = { x: 24, y: 24, pitch: 34 };
  const lost: number[] = [];
  drawGrid(drawing, place, size, (y, x) =>
    colours.map((paint, channel): Paint => {
      const input = (y * size.width + x) * 3 + channel;
      if (input === output) return 'here';
      if (fields.reaches(input, output)) return paint;
      if (input < output) lost.push(input);
      return input < output ? 'lost' : 'empty';
    }),
  );
  const [x, y, side] = cellOf(place, row - 1, size.width - 1);
  drawing.outline([x + (2 * side) / 3 - 1.5, y - 1.5, side / 3 + 3, side + 3], 'here');
  drawing.arrow({ paint: 'here' }, [536, y + side / 2], [x + side + 5, y + side / 2]);
  const name = lost.map((input) => formatSubPixel(fields, input)).join(', ');
  const lines = [`${name} does not reach`, `the output for ${formatSubPixel(fields, output)}.`];
  lines.forEach((line, index) => drawing.text(542, y + side / 2 - 4 + 18 * index, line));
  drawing.text(542, y + side / 2 + 34, 'Names are (row, column) colour.', { size: 12, paint: 'muted' });
  drawing.legend(24, 218, [
    ['red', '', 14],
    ['green', '', 14],
    ['blue', 'reaches the output', 150],
    ['here', 'the sub-pixel that is predicted', 210],
    ['lost', 'lost', 56],
    ['empty', 'later', 60],
  ]);
  return drawing.toString();
}
