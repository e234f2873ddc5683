/**
 * The LSTM layer as the plainest float64 loops that its definition allows, written apart from every implementation:
 * pixel by pixel in an order in which every state is there when it is read.
 */
import type { ScanOrder } from '../../src/backend/scan-shape.js';

type Numbers = ArrayLike<number>;

interface Layer {
  height: number;
  width: number;
  scanOrder: ScanOrder;
  groups: readonly number[];
}

/** [rows down, columns to the right] of the states that a pixel reads, and of the cell that it goes on from. */
const READS: Record<ScanOrder, { states: [number, number][]; cell: [number, number] }> = {
  rows: {
    states: [
      [-1, -1],
      [-1, 0],
      [-1, 1],
    ],
    cell: [-1, 0],
  },
  diagonals: {
    states: [
      [-1, 0],
      [0, -1],
    ],
    cell: [0, -1],
  },
  'mirrored-diagonals': {
    states: [
      [-1, 0],
      [0, 1],
    ],
    cell: [0, 1],
  },
};

/** A pixel of the batch, by its index, with the pixels that it reads; null outside the image. */
interface Pixel {
  index: number;
  states: (number | null)[];
  cell: number | null;
}

function pixelsInOrder({ height, width, scanOrder }: Layer, batch: number): Pixel[] {
  const pixels: Pixel[] = [];
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < height; y++)
      for (let i = 0; i < width; i++) {
        const x = scanOrder === 'mirrored-diagonals' ? width - 1 - i : i;
        const at = ([dy, dx]: [number, number]): number | null => {
          const inside = y + dy >= 0 && x + dx >= 0 && x + dx < width;
          return inside ? (n * height + y + dy) * width + x + dx : null;
        };
        const { states, cell } = READS[scanOrder];
        pixels.push({ index: (n * height + y) * width + x, states: states.map(at), cell: at(cell) });
      }
  return pixels;
}

/** For each hidden feature, where its o, f, i and g lie among the 4h maps. */
function gatePlaces(groups: readonly number[]): [number, number, number, number][] {
  const places: [number, number, number, number][] = [];
  let first = 0;
  for (const size of groups) {
    for (let k = 0; k < size; k++)
      places.push([first + k, first + size + k, first + 2 * size + k, first + 3 * size + k]);
    first += 4 * size;
  }
  return places;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export interface States {
  activations: Float64Array;
  cells: Float64Array;
  out: Float64Array;
}

export function lstm(layer: Layer, batch: number, gates: Numbers, weights: Numbers, initial: Numbers | null): States {
  const places = gatePlaces(layer.groups);
  const hidden = places.length;
  const activations = new Float64Array(gates.length);
  const cells = new Float64Array(gates.length / 4);
  const out = new Float64Array(gates.length / 4);
  for (const { index, states, cell } of pixelsInOrder(layer, batch)) {
    const sums = Float64Array.from({ length: 4 * hidden }, (_, j) => gates[index * 4 * hidden + j]);
    states.forEach((from, t) => {
      for (let k = 0; k < hidden; k++) {
        const h = from === null ? (initial?.[k] ?? 0) : out[from * hidden + k];
        for (let j = 0; j < 4 * hidden; j++) sums[j] += h * weights[(t * hidden + k) * 4 * hidden + j];
      }
    });
    places.forEach(([o, f, i, g], k) => {
      for (const gate of [o, f, i]) activations[index * 4 * hidden + gate] = sigmoid(sums[gate]);
      activations[index * 4 * hidden + g] = Math.tanh(sums[g]);
      const before = cell === null ? (initial?.[hidden + k] ?? 0) : cells[cell * hidden + k];
      const c = sigmoid(sums[f]) * before + sigmoid(sums[i]) * Math.tanh(sums[g]);
      cells[index * hidden + k] = c;
      out[index * hidden + k] = sigmoid(sums[o]) * Math.tanh(c);
    });
  }
  return { activations, cells, out };
}

export interface Gradients {
  dGates: Float64Array;
  dWeights: Float64Array;
  dInitial: Float64Array;
}

/** Backpropagation through the pixels, in reverse; finite differences check it. */
export function lstmGradient(
  layer: Layer,
  batch: number,
  dOut: Numbers,
  weights: Numbers,
  initial: Numbers | null,
  { activations, cells, out }: Record<keyof States, Numbers>,
): Gradients {
  const places = gatePlaces(layer.groups);
  const hidden = places.length;
  const dStates = Float64Array.from(dOut);
  const dCells = new Float64Array(dOut.length);
  const dGates = new Float64Array(4 * dOut.length);
  const dWeights = new Float64Array(weights.length);
  const dInitial = new Float64Array(2 * hidden);
  for (const { index, states, cell } of pixelsInOrder(layer, batch).reverse()) {
    places.forEach((gates, k) => {
      const at = index * hidden + k;
      const [o, f, i, g] = gates.map((gate) => activations[index * 4 * hidden + gate]);
      const before = cell === null ? (initial?.[hidden + k] ?? 0) : cells[cell * hidden + k];
      dCells[at] += dStates[at] * o * (1 - Math.tanh(cells[at]) ** 2);
      const dActivations = [dStates[at] * Math.tanh(cells[at]), dCells[at] * before, dCells[at] * g, dCells[at] * i];
      const slopes = [o * (1 - o), f * (1 - f), i * (1 - i), 1 - g * g];
      gates.forEach((gate, n) => (dGates[index * 4 * hidden + gate] = dActivations[n] * slopes[n]));
      if (cell === null) dInitial[hidden + k] += dCells[at] * f;
      else dCells[cell * hidden + k] += dCells[at] * f;
    });
    states.forEach((from, t) => {
      for (let k = 0; k < hidden; k++)
        for (let j = 0; j < 4 * hidden; j++) {
          const weight = (t * hidden + k) * 4 * hidden + j;
          const ds = dGates[index * 4 * hidden + j];
          dWeights[weight] += ds * (from === null ? (initial?.[k] ?? 0) : out[from * hidden + k]);
          if (from === null) dInitial[k] += ds * weights[weight];
          else dStates[from * hidden + k] += ds * weights[weight];
        }
    });
  }
  return { dGates, dWeights, dInitial };
}
