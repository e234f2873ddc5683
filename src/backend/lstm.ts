import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { runOrCompose } from './operation.js';
import { previousCellOffset, hiddenFeatures, scanSteps, stateTaps, type Offset, type ScanShape } from './scan-shape.js';

/** Outputs of an LSTM layer of h features: hidden states, and the values that its gradient needs. */
export interface LstmStates {
  /** Hidden states h, [batch, height, width, h]. */
  out: Tensor4D;
  /** Activations in the layout of the gates, [batch, height, width, 4h]: sigmoids of o, f and i, tanh of g. */
  activations: Tensor4D;
  /** Cell states c, [batch, height, width, h]. */
  cells: Tensor4D;
}

/**
 * Runs an LSTM layer over images, given the gates before the state-to-state product: see ScanShape. The tape does not
 * differentiate this function or its gradient: they are parts of operations with gradients of their own. The caller
 * disposes the result.
 * @param gates [batch, height, width, 4h]: for each colour group in turn o, f, i, g
 * @param weights [1, taps, h, 4h]
 * @param initial [2, h], h and c of pixels outside the image; null: zeros
 * @throws PxvError `USAGE` if a tensor does not fit `shape`
 */
export function lstm(gates: Tensor4D, weights: Tensor4D, initial: Tensor2D | null, shape: ScanShape): LstmStates {
  const numbers = { shape, batch: gates.shape[0] };
  const states = runOrCompose('lstm', numbers, { gates, weights, initial }, () => {
    // One step of the scan order at a time.
    const layout = layoutOf(shape);
    const matrix = stepMatrix(weights, shape);
    const [h0, c0] = initialStates(initial, gates.shape[0], shape);
    const taps = stateTaps[shape.scanOrder].map((tap) => layout.neighbours(tap, -1));
    const cellSources = layout.neighbours(previousCellOffset[shape.scanOrder], -1);
    const outs: Tensor3D[] = [];
    const cells: Tensor3D[] = [];
    const activations: Tensor3D[] = [];
    layout.toSteps(gateMajor(gates, shape)).forEach((step, t) => {
      const read = tf.concat(
        taps.map((places) => at(places[t], outs[t - 1], h0)),
        2,
      );
      const sum = tf.add(timesMatrix(read, matrix), step);
      const [o, f, i, g] = tf.split<Tensor3D>(sum, 4, 2).map((gate, at) => (at < 3 ? tf.sigmoid(gate) : tf.tanh(gate)));
      cells.push(tf.add(tf.mul(f, at(cellSources[t], cells[t - 1], c0)), tf.mul(i, g)));
      outs.push(tf.mul(o, tf.tanh(cells[t])));
      activations.push(tf.concat([o, f, i, g], 2));
    });
    const [out, activation, cell] = [outs, activations, cells].map(layout.fromSteps);
    return { out, activations: groupMajor(activation, shape), cells: cell };
  });
  return states as unknown as LstmStates;
}

/**
 * Computes the gradients of `lstm` with respect to gates, weights and initial states (null if `initial` is null). The
 * rule is in native/kernels/lstm_cell.h. d weights = sum over pixels of previous hidden states times gate gradients.
 * Pixels at the border read the initial states in the place of previous ones; d initial = sum of the gradients of these
 * reads. The caller disposes the result.
 * @param dOut [batch, height, width, h]
 * @param states outputs of the forward call with the same weights and initial states
 * @throws PxvError as `lstm`
 */
export function lstmGradient(
  dOut: Tensor4D,
  weights: Tensor4D,
  initial: Tensor2D | null,
  states: LstmStates,
  shape: ScanShape,
): { gates: Tensor4D; weights: Tensor4D; initial: Tensor2D | null } {
  const numbers = { shape, batch: dOut.shape[0] };
  const inputs = { dOut, weights, initial, ...states };
  const { dGates, dWeights, dInitial } = runOrCompose('lstmGradient', numbers, inputs, () => {
    const layout = layoutOf(shape);
    const matrix = stepMatrix(weights, shape);
    const [h0, c0] = initialStates(initial, dOut.shape[0], shape);
    const zero = tf.zerosLike(c0);
    const [dOuts, outs, cells] = [dOut, states.out, states.cells].map(layout.toSteps);
    const activations = layout.toSteps(gateMajor(states.activations, shape));
    const offsets = stateTaps[shape.scanOrder];
    const fromCell = previousCellOffset[shape.scanOrder];
    const [taps, readers] = ([-1, 1] as const).map((side) => offsets.map((tap) => layout.neighbours(tap, side)));
    const [cellSources, cellReaders] = ([-1, 1] as const).map((side) => layout.neighbours(fromCell, side));
    const byTap = (dRead: Tensor3D) => tf.split<Tensor3D>(dRead, offsets.length, 2);
    const reads: Tensor3D[] = [];
    const dReads: Tensor3D[] = [];
    const dCells: Tensor3D[] = [];
    const dSteps: Tensor3D[] = [];
    for (let t = dOuts.length - 1; t >= 0; t--) {
      const [o, f, i, g] = tf.split<Tensor3D>(activations[t], 4, 2);
      const squashed = tf.tanh(cells[t]);
      const given = dReads.length > 0 ? byTap(dReads[0]) : [];
      const dh = tf.addN([dOuts[t], ...readers.map((places, tap) => at(places[t], given[tap], zero))]);
      const carried = at(cellReaders[t], dCells[0], zero);
      const dc: Tensor3D = tf.add(carried, tf.mul(tf.mul(dh, o), unless(tf.square(squashed))));
      const dSigmoids = [tf.mul(dh, squashed), tf.mul(dc, at(cellSources[t], cells[t - 1], c0)), tf.mul(dc, g)];
      const ds = [
        ...[o, f, i].map((s, at) => tf.mul(dSigmoids[at], tf.mul(s, unless(s)))),
        tf.mul(tf.mul(dc, i), unless(tf.square(g))),
      ];
      dSteps.unshift(tf.concat<Tensor3D>(ds as Tensor3D[], 2));
      dCells.unshift(tf.mul<Tensor3D>(dc, f));
      dReads.unshift(timesMatrix(dSteps[0], matrix, true));
      reads.unshift(
        tf.concat(
          taps.map((places) => at(places[t], outs[t - 1], h0)),
          2,
        ),
      );
    }
    const rows = (steps: Tensor3D[]): Tensor => tf.reshape(tf.concat(steps, 1), [-1, steps[0].shape[2]]);
    const dMatrix = tf.matMul(rows(reads), rows(dSteps), true);
    const leftOutside = (map: Tensor, offset: Offset) => tf.sum(tf.mul(map, layout.outside(offset)), [0, 1]);
    const dH0 = () => tf.addN(byTap(tf.concat(dReads, 1)).map((dRead, tap) => leftOutside(dRead, offsets[tap])));
    return {
      dGates: groupMajor(layout.fromSteps(dSteps), shape),
      dWeights: groupMajor(tf.reshape(dMatrix, weights.shape), shape),
      dInitial: initial && tf.stack([dH0(), leftOutside(tf.concat(dCells, 1), fromCell)]),
    };
  });
  return { gates: dGates as Tensor4D, weights: dWeights as Tensor4D, initial: dInitial as Tensor2D | null };
}

/**
 * Returns functions that split an image into the steps of its scan order, in sequence; each step is [batch, length,
 * features].
 */
function layoutOf(shape: ScanShape) {
  const { height, width } = shape;
  const steps = scanSteps(shape);
  const lengths = steps.map(({ length }) => length);
  const order = steps.flat();
  const raster = new Int32Array(order.length);
  const placeInStep = new Int32Array(order.length);
  order.forEach((pixel, at) => (raster[pixel] = at));
  for (const step of steps) step.forEach((pixel, place) => (placeInStep[pixel] = place));
  /** Returns the pixel at an offset; null if outside the image. */
  const moved = (pixel: number, dy: number, dx: number) => {
    const y = Math.floor(pixel / width) + dy;
    const x = (pixel % width) + dx;
    return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : null;
  };
  const indices = (values: number[] | Int32Array) => tf.tensor1d(values, 'int32');
  return {
    toSteps: (map: Tensor4D): Tensor3D[] => {
      const pixels = tf.reshape(map, [map.shape[0], height * width, map.shape[3]]);
      return tf.split<Tensor3D>(tf.gather(pixels, indices(order), 1), lengths, 1);
    },
    /** Joins steps to an image: the inverse of toSteps, [batch, height, width, features]. */
    fromSteps: (parts: Tensor3D[]): Tensor4D => {
      const pixels = tf.gather(tf.concat(parts, 1), indices(raster), 1);
      return tf.reshape(pixels, [pixels.shape[0], height, width, pixels.shape[2]]);
    },
    /**
     * Returns for each pixel of each step the index of a neighbour in another step, or that step's length if there is
     * none. Side -1: the pixel at `offset`, in the step before. Side 1: the pixel whose offset leads here, in the step
     * after.
     */
    neighbours: ({ dy, dx }: Offset, side: -1 | 1): Tensor1D[] => {
      const places = steps.flatMap((step, t) =>
        step.map((pixel) => {
          const neighbour = moved(pixel, -side * dy, -side * dx);
          return neighbour === null ? (steps[t + side]?.length ?? 0) : placeInStep[neighbour];
        }),
      );
      return tf.split<Tensor1D>(indices(places), lengths);
    },
    /** Returns a mask, 1 for pixels whose `offset` leads outside the image, else 0: [length of all steps, 1]. */
    outside: ({ dy, dx }: Offset): Tensor2D =>
      tf.tensor2d(order.map((pixel) => [Number(moved(pixel, dy, dx) === null)])),
  };
}

/**
 * Gathers the pixels of a step at indices: [batch, length, features]. Index length stands for `outside`, as all indices
 * do without a step.
 */
function at(places: Tensor1D, step: Tensor3D | undefined, outside: Tensor3D): Tensor3D {
  return tf.gather(step === undefined ? outside : tf.concat([step, outside], 1), places, 1);
}

/** Reshapes weights [1, taps, h, 4h] to [taps * h, 4h], gate after gate. */
function stepMatrix(weights: Tensor4D, shape: ScanShape): Tensor2D {
  return tf.reshape(gateMajor(weights, shape), [-1, 4 * hiddenFeatures(shape)]);
}

/** Returns h and c of a pixel outside each image: [batch, 1, h]. */
function initialStates(initial: Tensor2D | null, batch: number, shape: ScanShape): Tensor3D[] {
  const states = tf.unstack(initial ?? tf.zeros([2, hiddenFeatures(shape)]));
  return states.map((state) => tf.tile(tf.reshape(state, [1, 1, -1]), [batch, 1, 1]));
}

/** Returns 1 - x. */
function unless<T extends Tensor>(x: T): T {
  return tf.sub(1, x);
}

function timesMatrix(x: Tensor3D, matrix: Tensor2D, transposed = false): Tensor3D {
  const [batch, length, features] = x.shape;
  const product = tf.matMul(tf.reshape(x, [batch * length, features]), matrix, false, transposed);
  return tf.reshape(product, [batch, length, -1]);
}

/** Reorders features from o, f, i, g of each group to o of all groups, then f, i and g. */
function gateMajor(map: Tensor4D, { groups }: ScanShape): Tensor4D {
  if (groups.length === 1) return map;
  const byGroup = tf
    .split(
      map,
      groups.map((size) => 4 * size),
      3,
    )
    .map((part) => tf.split<Tensor4D>(part, 4, 3));
  return tf.concat(
    [0, 1, 2, 3].flatMap((gate) => byGroup.map((parts) => parts[gate])),
    3,
  );
}

/** Reverses gateMajor. */
function groupMajor(map: Tensor4D, { groups }: ScanShape): Tensor4D {
  if (groups.length === 1) return map;
  const byGate = tf.split<Tensor4D>(map, 4, 3).map((part) => tf.split<Tensor4D>(part, [...groups], 3));
  return tf.concat(
    groups.flatMap((_, group) => byGate.map((parts) => parts[group])),
    3,
  );
}
