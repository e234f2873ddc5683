import { conditioningOf, type ConditioningDescription } from '../../src/conditioning/index.js';
import { Drawing, type Point } from './svg.js';

const m = 5;
const width = 118;
const height = 40;

/** How the previous frames and the image at a coarser scale become the map that every layer is given. */
export function conditioning(): string {
  const drawing = new Drawing(
    812,
    306,
    'The previous frames go through convolutions down to half and to a quarter of the size and back up, each size added to its equal; the coarser image goes through convolutions and a transposed one. Both become maps, one after another, which every layer reads.',
  );
  const frames: ConditioningDescription = { type: 'previous-frames', context: 2, features: m };
  const small: ConditioningDescription = { type: 'low-resolution-image', factor: 2, features: m, shared: 'known' };
  const box = boxes(drawing, new Map([...kernelsOf(frames), ...kernelsOf(small)]));

  drawing.text(24, 30, 'previous-frames', { bold: true });
  const [down, up] = [150, 380];
  const [full, half, quarter] = [46, 106, 166];
  box(24, full, ['frames, difference,', 'validity planes'], null);
  const names = 'previous-frames';
  box(down, full, ['full size'], `${names}.full`);
  box(down + 30, half, ['half', '+ 2 residual'], `${names}.to-half`);
  box(down + 60, quarter, ['quarter', '+ 2 residual'], `${names}.to-quarter`);
  box(up - 30, half, ['half'], `${names}.from-quarter`);
  box(up, full, ['full size'], `${names}.from-half`);
  box(up + 138, full, ['map'], `${names}.map`);
  const across = (y: number, from: number, to: number) => drawing.arrow([[from, y], [to, y]]); // prettier-ignore
  across(full + 20, 24 + width, down);
  drawing.arrow([[down + 60, full + height], [down + 60, half]]); // prettier-ignore
  drawing.arrow([[down + 90, half + height], [down + 90, quarter]]); // prettier-ignore
  const rise: Point[] = [[down + 60 + width, quarter + 20], [up + 20, quarter + 20], [up + 20, half + height]]; // prettier-ignore
  drawing.arrow(rise);
  drawing.arrow([[up + 50, half], [up + 50, full + height]]); // prettier-ignore
  across(full + 20, down + width, up);
  across(half + 20, down + 30 + width, up - 30);
  drawing.text(up - 12, full + 15, '+', { anchor: 'middle' });
  drawing.text(up - 40, half + 15, '+', { anchor: 'middle' });
  across(full + 20, up + width, up + 138);

  const low = 250;
  drawing.text(24, low - 12, 'low-resolution-image', { bold: true });
  box(24, low, ['coarser image'], null);
  box(down, low, ['coarse', '+ 2 residual'], `low-resolution-image.coarse`);
  box(up, low, ['full size'], `low-resolution-image.up`);
  box(up + 138, low, ['map'], `low-resolution-image.map`);
  across(low + 20, 24 + width, down);
  across(low + 20, down + width, up);
  across(low + 20, up + width, up + 138);

  const right = up + 138 + width;
  drawing.roundBox([right + 44, 128, 110, 76], 'box');
  const lines = ['one map,', 'read by every', 'layer: 1x1, no', 'mask'];
  lines.forEach((line, index) =>
    drawing.text(right + 99, 146 + 16 * index, line, {
      anchor: 'middle',
      size: 12,
      ...(index > 1 && { paint: 'muted' }),
    }),
  );
  drawing.arrow([[right, full + 20], [right + 99, full + 20], [right + 99, 128]]); // prettier-ignore
  drawing.arrow([[right, low + 20], [right + 99, low + 20], [right + 99, 204]]); // prettier-ignore
  return drawing.toString();
}

/** What the layers of a conditioning do, by name: their kernels and features, from the shapes of their weights. */
function kernelsOf(description: ConditioningDescription): [string, string][] {
  const network = { size: { width: 16, height: 16 }, channels: 3, levels: 256 } as const;
  const specs = conditioningOf(description).parameters(description, network);
  return specs
    .filter(({ name }) => name.endsWith('.weights'))
    .map(({ name, shape: [kernel, , a, b] }) => {
      const isTransposed = /\.(from-half|from-quarter|up)\./.test(name);
      const features = (count: number) => (count === m ? 'm' : count === 2 * m ? '2m' : String(count));
      const words = `${kernel}x${kernel}${isTransposed ? ' transposed' : ''} → ${features(isTransposed ? a : b)}`;
      return [name.replace(/\.weights$/, ''), words];
    });
}

function boxes(drawing: Drawing, kernels: ReadonlyMap<string, string>) {
  return (x: number, y: number, lines: string[], layer: string | null): void => {
    drawing.roundBox([x, y, width, height], 'box');
    const [first, ...rest] = lines;
    const second = layer === null ? (rest[0] ?? '') : kernels.get(layer)!;
    const middle = x + width / 2;
    const title = layer === null ? first : lines.join(' ');
    const isTwo = second !== '';
    drawing.text(middle, y + (isTwo ? 17 : 24), title, { anchor: 'middle', size: 12 });
    if (isTwo) drawing.text(middle, y + 33, second, { anchor: 'middle', size: 11, paint: 'muted' });
  };
}
