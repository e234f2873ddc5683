import { getConditioning, type ConditioningDescription } from '../../src/conditioning/index.js';
import { Drawing } from './drawing.js';

/** Features of the maps. */
export const m = 5;
export const box = { width: 118, height: 40 };

/** Draws how context frames and the image at a coarser scale become the map that every layer reads. */
export function conditioning(): string {
  const drawing = new Drawing(
    812,
    306,
    'The previous frames go through convolutions down to half and to a quarter of the size and back up, each ' +
      'size added to its equal; the coarser image goes through convolutions and a transposed one. Both become ' +
      'maps, one after another, which every layer reads.',
  );
  drawPreviousFrames(drawing, 46);
  drawLowResolutionImage(drawing, 250);
  const x = 680;
  const y = 128;
  drawing.roundBox([x, y, 110, 76], 'box');
  ['one map,', 'read by every', 'layer: 1x1, no', 'mask'].forEach((line, index) => {
    const paint = index > 1 ? 'muted' : 'text';
    drawing.text(x + 55, y + 18 + 16 * index, line, { anchor: 'middle', size: 12, paint });
  });
  drawing.arrow({}, [636, 66], [x + 55, 66], [x + 55, y]);
  drawing.arrow({}, [636, 270], [x + 55, 270], [x + 55, y + 76]);
  return drawing.toString();
}

/** Down on the left, up again on the right: a row of boxes for each size. */
function drawPreviousFrames(drawing: Drawing, top: number): void {
  const description: ConditioningDescription = { type: 'previous-frames', context: 2, features: m };
  const kernels = kernelsOf(description);
  const full = top;
  const half = top + 60;
  const quarter = top + 120;
  const middle = box.height / 2;
  drawing.text(24, top - 16, 'previous-frames', { bold: true });
  drawBox(drawing, 24, full, 'frames, difference,', 'validity planes');
  drawBox(drawing, 150, full, 'full size', kernels.get('full'));
  drawBox(drawing, 180, half, 'half + 2 residual', kernels.get('to-half'));
  drawBox(drawing, 210, quarter, 'quarter + 2 residual', kernels.get('to-quarter'));
  drawBox(drawing, 350, half, 'half', kernels.get('from-quarter'));
  drawBox(drawing, 380, full, 'full size', kernels.get('from-half'));
  drawBox(drawing, 518, full, 'map', kernels.get('map'));
  drawing.arrow({}, [142, full + middle], [150, full + middle]);
  drawing.arrow({}, [210, full + box.height], [210, half]);
  drawing.arrow({}, [240, half + box.height], [240, quarter]);
  drawing.arrow({}, [328, quarter + middle], [400, quarter + middle], [400, half + box.height]);
  drawing.arrow({}, [430, half], [430, full + box.height]);
  drawing.arrow({}, [268, full + middle], [380, full + middle]);
  drawing.text(368, full + 15, '+', { anchor: 'middle' });
  drawing.arrow({}, [298, half + middle], [350, half + middle]);
  drawing.text(338, half + 15, '+', { anchor: 'middle' });
  drawing.arrow({}, [498, full + middle], [518, full + middle]);
}

function drawLowResolutionImage(drawing: Drawing, top: number): void {
  const kernels = kernelsOf({ type: 'low-resolution-image', factor: 2, features: m, shared: 'known' });
  const middle = top + box.height / 2;
  drawing.text(24, top - 12, 'low-resolution-image', { bold: true });
  drawBox(drawing, 24, top, 'coarser image');
  drawBox(drawing, 150, top, 'coarse + 2 residual', kernels.get('coarse'));
  drawBox(drawing, 380, top, 'full size', kernels.get('up'));
  drawBox(drawing, 518, top, 'map', kernels.get('map'));
  drawing.arrow({}, [142, middle], [150, middle]);
  drawing.arrow({}, [268, middle], [380, middle]);
  drawing.arrow({}, [498, middle], [518, middle]);
}

/** Returns the kernels and features of a conditioning's layers by name, from the shapes of their weights. */
export function kernelsOf(description: ConditioningDescription): Map<string, string> {
  const network = { size: { width: 16, height: 16 }, channels: 3, levels: 256 } as const;
  const specs = getConditioning(description).parameters(description, network);
  const features = (count: number) => (count === m ? 'm' : count % m === 0 ? `${count / m}m` : String(count));
  return new Map(
    specs.flatMap(({ name, shape }, index) => {
      if (shape.length !== 4) return [];
      // A transposed layer's outputs are not the last side of its weights; the bias, which comes next, has no other.
      const outputs = specs[index + 1].shape[0];
      const transposed = /\.(from-\w+|up)\.weights$/.test(name) ? ' transposed' : '';
      const layer = name.slice(description.type.length + 1, -'.weights'.length);
      return [[layer, `${shape[0]}x${shape[1]}${transposed} → ${features(outputs)}`]];
    }),
  );
}

/** A box with a title and, below it, a word on what it does. */
export function drawBox(drawing: Drawing, x: number, y: number, title: string, words?: string): void {
  drawing.roundBox([x, y, box.width, box.height], 'box');
  const middle = x + box.width / 2;
  drawing.text(middle, y + (words === undefined ? 24 : 17), title, { anchor: 'middle', size: 12 });
  if (words !== undefined) drawing.text(middle, y + 33, words, { anchor: 'middle', size: 11, paint: 'muted' });
}
