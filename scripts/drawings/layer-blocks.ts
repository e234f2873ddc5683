import type { ConvOp, Op } from '../../src/model/ops/index.js';
import type { NetworkName } from '../../src/model/presets.js';
import type { Program } from '../../src/model/program.js';
import { networkOf } from './networks.js';
import { Drawing } from './drawing.js';

const hidden = 6;
/** Numbers of features as the paper calls them. */
const symbols = new Map([
  [3, 'image'],
  [hidden, 'h'],
  [2 * hidden, '2h'],
  [4 * hidden, '4h'],
]);

const box = { width: 124, height: 54, gap: 26 };

/** A column of boxes, or two side by side, with what flows from one to the next. */
interface Flow {
  title: string;
  /** Boxes row by row; each is up to three lines of words. */
  rows: string[][][];
  /** Row that is given the flow's input once more, to add it. */
  residual: number | null;
}

/** The whole network, and the ops of one layer of each kind. */
export function layerBlocks(): string {
  const drawing = new Drawing(
    776,
    420,
    'Flow diagrams: the whole network from the image through a masked 7x7, the layers and 1x1 layers to the ' +
      'head; the PixelCNN block; the Row LSTM layer; the Diagonal BiLSTM layer with its two directions.',
  );
  const kinds: [NetworkName, string][] = [
    ['pixel-cnn', 'PixelCNN block'],
    ['row-lstm', 'Row LSTM'],
    ['diagonal-bilstm', 'Diagonal BiLSTM'],
  ];
  drawFlow(drawing, 20, wholeFlow(conditionalProgram('pixel-cnn')));
  kinds.forEach(([name, title], index) =>
    drawFlow(drawing, 20 + (index + 1) * (box.width + 28), layerFlow(conditionalProgram(name), title)),
  );
  return drawing.toString();
}

/** A colour network of one layer that is given a map. */
function conditionalProgram(name: NetworkName): Program {
  const size = { width: 9, height: 9 };
  return networkOf({ name, size, channels: 3, layers: 1, hidden, context: 1 }).program;
}

function isOfLayer({ parameters }: Program, op: Op): boolean {
  return op.op === 'add' || parameters[op.weights].name.startsWith('layers.');
}

/** All but the ops of the layers, which stand for themselves in the middle. */
function wholeFlow(program: Program): Flow {
  const ops = program.ops.filter((op): op is ConvOp => op.op === 'conv' && op.out.ready === 'pixel');
  const outside = ops.filter((op) => !isOfLayer(program, op));
  const [first, ...output] = outside.map((op) => [words(op, program)]);
  output[output.length - 1][0][1] = '2h → head outputs';
  return {
    title: 'The whole network',
    rows: [first, [['layer 1, ... layer n', '2h → 2h']], ...output],
    residual: null,
  };
}

/** Returns the ops of a layer in rows: each op in the row after the last op that it reads. */
function layerFlow(program: Program, title: string): Flow {
  const ops = program.ops.filter((op) => isOfLayer(program, op) && op.out.ready !== 'given');
  const rowOf = new Map<number, number>();
  const rows: string[][][] = [];
  let residual: number | null = null;
  for (const op of ops) {
    const read = op.op === 'conv' ? [op.x] : op.op === 'lstm' ? [op.gates] : [op.a, op.b];
    const row = Math.max(...read.map(({ id }) => rowOf.get(id) ?? -1)) + 1;
    rowOf.set(op.out.id, row);
    (rows[row] ??= []).push(words(op, program));
    if (op.op === 'conv' && op.plus?.ready === 'pixel') residual = row;
  }
  return { title, rows, residual };
}

/** Returns a description of an op in up to three lines. */
function words(op: Op, { image, parameters }: Program): string[] {
  const symbol = (features: number) => symbols.get(features) ?? String(features);
  switch (op.op) {
    case 'conv': {
      const { x, shape, relu, plus, out } = op;
      const { height, width } = shape.kernel;
      const mask = x.id === image.id ? 'mask A' : 'mask B';
      const added = plus?.ready === 'given' ? ['+ 1x1 of the map'] : [];
      const kernel = `${relu ? 'ReLU, ' : ''}${height}x${width}, ${mask}`;
      return [kernel, `${symbol(x.features)} → ${symbol(out.features)}`, ...added];
    }
    case 'lstm': {
      const side = /\.(left|right)\./.exec(parameters[op.weights].name)?.[1];
      return [
        side === undefined ? 'LSTM, row by row' : `LSTM, from the ${side}`,
        `${symbol(op.gates.features)} gates → ${symbol(op.out.features)}`,
      ];
    }
    case 'add':
      return ['sum, the right one', `moved ${op.rowsDown} row down`];
  }
}

/** Draws a flow from the top down, its left edge at x. */
function drawFlow(drawing: Drawing, x: number, { title, rows, residual }: Flow): void {
  const top = 74;
  const wide = Math.max(...rows.map(({ length }) => length));
  const middle = x + (wide * box.width + (wide - 1) * 12) / 2;
  const leftOf = (row: number, index: number) =>
    rows[row].length === wide ? x + index * (box.width + 12) : middle - box.width / 2;
  const topOf = (row: number) => top + row * (box.height + box.gap);
  const centre = (row: number, index: number) => leftOf(row, index) + box.width / 2;
  const split = top - 16;
  drawing.text(middle, 28, title, { bold: true, anchor: 'middle' });
  drawing.line({}, [middle, split - 14], [middle, split]);
  if (wide > 1) drawing.line({}, [centre(0, 0), split], [centre(0, wide - 1), split]);
  rows.forEach((boxes, row) => {
    boxes.forEach((lines, index) => {
      const left = leftOf(row, index);
      const y = topOf(row);
      const to = centre(row, index);
      // Two boxes that flow into one come in from their own sides.
      const isJoint = row > 0 && boxes.length < rows[row - 1].length;
      const from = isJoint ? rows[row - 1].map((_, other) => centre(row - 1, other)) : [to];
      for (const x of from) drawing.arrow({}, [x, row === 0 ? split : y - box.gap], [(x + 2 * to) / 3, y]);
      drawing.roundBox([left, y, box.width, box.height], 'box');
      const first = y + box.height / 2 + 4 - 7.5 * (lines.length - 1);
      lines.forEach((line, at) => {
        drawing.text(left + box.width / 2, first + 15 * at, line, {
          anchor: 'middle',
          size: 12,
          ...(at > 0 && { paint: 'muted' }),
        });
      });
    });
  });
  const last = rows.length - 1;
  const end = topOf(last) + box.height;
  drawing.arrow({}, [centre(last, 0), end], [centre(last, 0), end + 22]);
  if (residual === null) return;
  const side = x + wide * box.width + (wide - 1) * 12 + 11;
  const into = topOf(residual) + box.height / 2;
  const right = leftOf(residual, 0) + box.width;
  drawing.arrow({}, [middle, split], [side, split], [side, into], [right, into]);
  drawing.text(side + 5, into + 4, '+');
}
