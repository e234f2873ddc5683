import { loadWasm } from '../../src/backend/library-files.js';
import type { ConditioningDescription } from '../../src/conditioning/index.js';
import type { Size } from '../../src/foundation/frame.js';
import { box, drawBox, kernelsOf, m } from './conditioning.js';
import { cellOf, drawGrid, middleOf, type Place } from './grid.js';
import { Drawing } from './drawing.js';

const size: Size = { width: 8, height: 6 };
/** A thing of 2x2 pixels goes to the right by so many pixels a frame. */
const SPEED = 2;
const FIRST_COLUMN = 1;
const TOP_ROW = 2;

const isThing = (row: number, column: number, frame: number): boolean => {
  const left = FIRST_COLUMN + SPEED * frame;
  return row >= TOP_ROW && row < TOP_ROW + 2 && column >= left && column < left + 2;
};

/** Draws how the expected frame is made of the context frames by motion. */
export function warpedFrames(): string {
  const drawing = new Drawing(
    812,
    334,
    'Each pixel of the expected frame is a mixture of what stands at some places in the frames before. The ' +
      'places and weights come from a network that has read these frames; a residual is added. The expected ' +
      'frame is the first anchor, the last frame the second.',
  );
  drawMotion(drawing, 42);
  drawLayers(drawing, 202);
  return drawing.toString();
}

/** Two frames, and what the kernel makes of them where the motion is known. */
function drawMotion(drawing: Drawing, y: number): void {
  const [before, last, next]: Place[] = [24, 190, 420].map((x) => ({ x, y, pitch: 16 }));
  const expected = moved();
  const paint = (thing: boolean) => [thing ? ('seen' as const) : ('empty' as const)];
  drawGrid(drawing, before, size, (row, column) => paint(isThing(row, column, 0)));
  drawGrid(drawing, last, size, (row, column) => paint(isThing(row, column, 1)));
  drawGrid(drawing, next, size, (row, column) => paint(expected[row * size.width + column] > 0.5));
  const bottom = y + size.height * before.pitch + 34;
  drawing.text(before.x, bottom, 'the frame before', { size: 12 });
  drawing.text(last.x, bottom, 'the last frame', { size: 12 });
  drawing.text(next.x, bottom, 'the expected frame', { size: 12, bold: true });

  const column = FIRST_COLUMN + 2 * SPEED;
  const [toX, toY] = middleOf(next, TOP_ROW, column);
  const [fromX] = middleOf(before, TOP_ROW, FIRST_COLUMN);
  const above = y - 12;
  drawing.arrow({}, [fromX, toY], [fromX, above], [toX, above], [toX, toY - 1]);
  const [lastX] = middleOf(last, TOP_ROW, FIRST_COLUMN + SPEED);
  const below = y + size.height * before.pitch + 10;
  drawing.arrow({}, [lastX, toY], [lastX, below], [toX, below], [toX, toY + 6]);
  const [left, top, side] = cellOf(next, TOP_ROW, column);
  drawing.outline([left, top, side, side], 'here');
  [
    'Each pixel has some places in each',
    'frame, and a weight for each place.',
    'What stands there, in between pixels',
    'too, is mixed. Here things go to the',
    'right, two pixels a frame.',
  ].forEach((line, index) => drawing.text(576, y + 14 + 18 * index, line, { size: 12, paint: 'muted' }));
}

/** The two frames moved on by their known motion, half of each. */
function moved(): Float32Array {
  const shape = { ...size, channels: 1, frames: 2, flows: 1, flowScale: 1 };
  const pixels = Array.from({ length: size.width * size.height }, (_, at) => at);
  const frames = pixels.flatMap((at) =>
    [0, 1].map((frame) => Number(isThing(Math.floor(at / size.width), at % size.width, frame))),
  );
  const motion = pixels.flatMap(() => [0, 0, -2 * SPEED, -SPEED, 0, 0]);
  const out = new Float32Array(pixels.length);
  const given = { frames: Float32Array.from(frames), motion: Float32Array.from(motion) };
  loadWasm()
    .kernels()
    .warpedMixture({ ...shape, batch: 1 }, { ...given, out });
  return out;
}

function drawLayers(drawing: Drawing, top: number): void {
  const context = 2;
  const flows = 3;
  const description: ConditioningDescription = { type: 'warped-frames', context, features: m, flows };
  const kernels = kernelsOf(description);
  const inputs = 24;
  const trunk = 158;
  const motion = 292;
  const warp = 426;
  const seen = 560;
  const map = 694;
  const low = top + 72;
  const middle = top + box.height / 2;
  const lowMiddle = low + box.height / 2;
  const centre = box.width / 2;
  drawBox(drawing, inputs, top, 'frames, changes,', 'validity, noise');
  drawBox(drawing, trunk, top, 'down and back up', 'as previous-frames');
  drawBox(drawing, motion, top, 'motion', kernels.get('motion'));
  drawBox(drawing, warp, top, 'warps, mixed', `softmax of ${context * flows}`);
  drawBox(drawing, seen, top, 'sees what moved', kernels.get('moved'));
  drawing.text(map, middle - 2, 'the map, read by', { size: 12 });
  drawing.text(map, middle + 14, 'every layer', { size: 12 });
  for (const [from, to] of [
    [inputs, trunk],
    [trunk, motion],
    [motion, warp],
    [warp, seen],
    [seen, map - 6],
  ])
    drawing.arrow({}, [from + box.width, middle], [to, middle]);
  drawing.arrow({}, [trunk + centre, top], [trunk + centre, top - 14], [seen + centre, top - 14], [seen + centre, top]);

  drawBox(drawing, seen, low, 'residual', kernels.get('residual'));
  drawBox(drawing, warp, low, 'anchor 0', 'the expected frame');
  drawBox(drawing, inputs, low, 'anchor 1', 'the last frame');
  drawing.arrow({}, [seen + centre, top + box.height], [seen + centre, low]);
  drawing.arrow({}, [warp + centre, top + box.height], [warp + centre, low]);
  drawing.arrow({}, [inputs + centre, top + box.height], [inputs + centre, low]);
  drawing.arrow({}, [seen, lowMiddle], [warp + box.width, lowMiddle]);
  drawing.text(warp + centre + 10, low - 6, '+');
}
