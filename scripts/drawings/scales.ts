import { buildChain, unknownMask } from '../../src/model/chain.js';
import { inputRequirements } from '../../src/conditioning/index.js';
import { describeModel } from '../../src/model/presets.js';
import { cellOf, drawGrid, type Place } from './grid.js';
import { Drawing, type Paint } from './drawing.js';

/** Paints of pixels by the scale that draws them, the coarsest first. */
const paints: readonly Paint[] = ['lost', 'green', 'seen'];

/** A chain of three scales: which scale draws which pixel. */
export function scales(): string {
  const chain = buildChain(
    describeModel('pixel-cnn', {
      size: { width: 8, height: 8 },
      channels: 1,
      levels: 256,
      hidden: 6,
      layers: 1,
      head: 'softmax',
      context: 0,
      factors: [2, 2],
    }),
  );
  const drawing = new Drawing(
    760,
    286,
    'Three images of one picture, 2x2, 4x4 and 8x8. Every second pixel, down and across, of a finer image is a ' +
      'pixel of the coarser one and is known; the others are drawn.',
  );
  const places: Place[] = [
    { x: 28, y: 104, pitch: 26 },
    { x: 230, y: 78, pitch: 26 },
    { x: 500, y: 26, pitch: 26 },
  ];
  const drawn: number[] = [];
  chain.scales.forEach(({ description }, scale) => {
    const { size } = description;
    const count = size.width * size.height;
    const unknown = unknownMask(description);
    drawn.push(unknown === null ? count : unknown.reduce((sum, one) => sum + one, 0));
    const place = places[scale];
    drawGrid(drawing, place, size, (row, column) => [paints[drawnAt(scale, row, column)]]);
    const bottom = place.y + size.height * place.pitch + 18;
    const known = count - drawn[scale];
    drawing.text(place.x, bottom, `scale ${scale}: ${size.width}x${size.height}`, { bold: true, size: 12 });
    const words = known === 0 ? `${drawn[scale]} drawn` : `${known} known, ${drawn[scale]} drawn`;
    drawing.text(place.x, bottom + 17, words, { size: 12, paint: 'muted' });
    if (scale === 0) return;
    const before = places[scale - 1];
    const [left, , side] = cellOf(before, 0, chain.scales[scale - 1].description.size.width - 1);
    const middle = before.y + (before.pitch * chain.scales[scale - 1].description.size.height) / 2;
    drawing.arrow({ thickness: 2 }, [left + side + 10, middle], [place.x - 12, middle]);
    drawing.text((left + side + place.x) / 2, middle - 24, 'pixels copied,', { anchor: 'middle', size: 12 });
    drawing.text((left + side + place.x) / 2, middle - 9, 'and a map', { anchor: 'middle', size: 12 });
  });
  drawing.text(28, 36, `${drawn.join(' + ')} = ${drawn.reduce((sum, one) => sum + one, 0)} pixels,`, { bold: true });
  drawing.text(28, 54, 'each drawn and scored once');
  return drawing.toString();

  /** The scale at which a pixel is drawn: the coarsest that has it. */
  function drawnAt(scale: number, row: number, column: number): number {
    const { description } = chain.scales[scale];
    const unknown = unknownMask(description);
    if (unknown === null || unknown[row * description.size.width + column] === 1) return scale;
    const { factor } = inputRequirements(description.conditioning).coarser!;
    return drawnAt(scale - 1, row / factor, column / factor);
  }
}
