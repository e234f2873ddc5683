import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { seenThrough } from './convolution.js';
import { runOrCompose } from './operation.js';
import { hiddenFeatures, walkTaps, type WalkShape } from './walk-shape.js';

/** What an LSTM layer gives: its states, and what its gradient needs beside them. */
export interface LstmStates {
  /** h, [batch, height, width, h]. */
  out: Tensor4D;
  /** o, f, i and g in the places of their gates, [batch, height, width, 4h]. */
  activations: Tensor4D;
  /** c, [batch, height, width, h]. */
  cells: Tensor4D;
}

/**
 * An LSTM layer over images, given its gates before the state-to-state product: see WalkShape. Like its gradient it is
 * a piece for an operation that brings its own gradient: it is not differentiable by the tape.
 * @param gates [batch, height, width, 4h]
 * @param weights [1, taps, h, 4h]
 * @param initial [2, h], the h and the c of pixels outside the image; zeros where null
 */
export function lstm(gates: Tensor4D, weights: Tensor4D, initial: Tensor2D | null, shape: WalkShape): LstmStates {
  const numbers = { shape, batch: gates.shape[0] };
  const composed = () => ({ ...composedLstm(gates, weights, initial, shape) });
  return runOrCompose('lstm', numbers, { gates, weights, initial }, composed) as unknown as LstmStates;
}

/**
 * Gradients of `lstm` with respect to its gates, its weights and the initial states, null where there are none.
 * @param dOut [batch, height, width, h]
 * @param states what the forward call with the same weights and initial states gave
 */
export function lstmGradient(
  dOut: Tensor4D,
  weights: Tensor4D,
  initial: Tensor2D | null,
  states: LstmStates,
  shape: WalkShape,
): { gates: Tensor4D; weights: Tensor4D; initial: Tensor2D | null } {
  const numbers = { shape, batch: dOut.shape[0] };
  const inputs = { dOut, weights, initial, ...states };
  const composed = () => composedGradient(dOut, weights, initial, states, shape);
  const { dGates, dWeights, dInitial } = runOrCompose('lstmGradient', numbers, inputs, composed);
  return { gates: dGates as Tensor4D, weights: dWeights as Tensor4D, initial: dInitial as Tensor2D | null };
}

/** In operations that every tfjs backend has: one step a row, or a column of the skewed image. */
function composedLstm(gates: Tensor4D, weights: Tensor4D, initial: Tensor2D | null, shape: WalkShape): LstmStates {
  const { offsets, inside, toSteps, fromSteps } = layoutOf(shape);
  const matrix = stepMatrix(weights, shape);
  const [h0, c0] = initialStates(initial, shape);
  const steps = toSteps(gateMajor(gates, shape));
  const [batch, length] = steps[0].shape;
  let h = spread(h0, batch, length);
  let c = spread(c0, batch, length);
  const [outs, cells, activations]: Tensor3D[][] = [[], [], []];
  steps.forEach((step, t) => {
    const sum = tf.add(timesMatrix(readTaps(h, h0, offsets), matrix), step);
    const [o, f, i, g] = tf.split<Tensor3D>(sum, 4, 2).map((gate, at) => (at < 3 ? tf.sigmoid(gate) : tf.tanh(gate)));
    const cell: Tensor3D = tf.add(tf.mul(f, c), tf.mul(i, g));
    c = outsideIs(c0, cell, inside[t]);
    h = outsideIs(h0, tf.mul(o, tf.tanh(cell)), inside[t]);
    outs.push(h);
    cells.push(c);
    activations.push(tf.concat([o, f, i, g], 2));
  });
  return { out: fromSteps(outs), activations: groupMajor(fromSteps(activations), shape), cells: fromSteps(cells) };
}

/** The rule is that of native/kernels/lstm_cell.h. */
function composedGradient(
  dOut: Tensor4D,
  weights: Tensor4D,
  initial: Tensor2D | null,
  states: LstmStates,
  shape: WalkShape,
): { dGates: Tensor; dWeights: Tensor; dInitial: Tensor | null } {
  const { offsets, inside, toSteps, fromSteps } = layoutOf(shape);
  const matrix = stepMatrix(weights, shape);
  const [h0, c0] = initialStates(initial, shape);
  const [dOuts, cells] = [dOut, states.cells].map((map) => toSteps(map));
  const activations = toSteps(gateMajor(states.activations, shape));
  const [batch, length] = dOuts[0].shape;
  let fromReaders: Tensor3D = tf.zerosLike(dOuts[0]);
  let carried: Tensor3D = tf.zerosLike(dOuts[0]);
  const dSteps: Tensor3D[] = [];
  for (let t = dOuts.length - 1; t >= 0; t--) {
    const [o, f, i, g] = tf.split<Tensor3D>(activations[t], 4, 2);
    const before = t > 0 ? outsideIs(c0, cells[t - 1], inside[t - 1]) : spread(c0, batch, length);
    const squashed = tf.tanh(cells[t]);
    const dh = tf.add(dOuts[t], fromReaders);
    const dc = tf.add(carried, tf.mul(tf.mul(dh, o), unless(tf.square(squashed))));
    const dSigmoids = [tf.mul(dh, squashed), tf.mul(dc, before), tf.mul(dc, g)];
    const ds = [
      ...[o, f, i].map((s, at) => tf.mul(dSigmoids[at], tf.mul(s, unless(s)))),
      tf.mul(tf.mul(dc, i), unless(tf.square(g))),
    ];
    const dStep: Tensor3D = tf.mul(tf.concat(ds, 2), inside[t]);
    carried = tf.where(tf.cast(inside[t], 'bool'), tf.mul(dc, f), carried);
    fromReaders = givenToTaps(timesMatrix(dStep, matrix, true), offsets);
    dSteps.unshift(dStep);
  }
  const dGates = groupMajor(fromSteps(dSteps), shape);
  const { dWeights, dH0 } = parameterGradients(dGates, weights, states.out, h0, shape);
  return { dGates, dWeights, dInitial: initial && tf.stack([dH0, tf.sum(carried, [0, 1])]) };
}

/**
 * d weights[t] = sum over pixels of the state that tap t reads times the gates' gradient; d initial h = sum over taps of
 * weights[t] times the gates' gradient of the pixels from which t leads outside.
 */
function parameterGradients(dGates: Tensor4D, weights: Tensor4D, out: Tensor4D, h0: Tensor, shape: WalkShape) {
  const { height, width, walk } = shape;
  const flat = (map: Tensor) => tf.reshape(map, [height * width * out.shape[0], -1]);
  const matrices = tf.unstack(tf.squeeze<Tensor3D>(weights, [0]));
  const ofTaps = walkTaps[walk].map(({ dy, dx }, tap) => {
    const window = { top: dy, left: dx, height, width };
    const outside = unless(seenThrough(window, tf.ones([1, height, width, 1])));
    const read = tf.add(seenThrough(window, out), tf.mul(outside, h0));
    const dOutside = tf.sum(tf.mul(dGates, outside), [0, 1, 2]);
    return {
      dMatrix: tf.matMul(flat(read), flat(dGates), true),
      dH0: tf.sum(tf.mul(matrices[tap], dOutside), 1),
    };
  });
  return {
    dWeights: tf.expandDims(tf.stack(ofTaps.map(({ dMatrix }) => dMatrix))),
    dH0: tf.addN(ofTaps.map(({ dH0 }) => dH0)),
  };
}

/** How an image is laid out as steps that follow each other; each is [batch, length, features]. */
interface Layout {
  /** For each tap: offset, along a step, of what it reads in the step before. */
  offsets: number[];
  /** For each step, 1 at its places inside the image and 0 at those that the skew adds: [length, 1]. */
  inside: Tensor[];
  toSteps: (map: Tensor4D) => Tensor3D[];
  /** The inverse of toSteps: [batch, height, width, features]. */
  fromSteps: (steps: Tensor3D[]) => Tensor4D;
}

function layoutOf({ height, width, walk }: WalkShape): Layout {
  if (walk === 'rows')
    return {
      offsets: walkTaps.rows.map(({ dx }) => dx),
      inside: new Array<Tensor>(height).fill(tf.ones([width, 1])),
      toSteps: (map) => tf.unstack(map, 1) as Tensor3D[],
      fromSteps: (steps) => tf.stack(steps, 1) as Tensor4D,
    };
  // Row r is moved r places to the right: a diagonal becomes a column, and a pixel's left neighbour lies in the column
  // before in the same row, the one above in the row above.
  const skewed = height + width - 1;
  const mirror = (map: Tensor4D): Tensor4D => (walk === 'diagonals' ? map : tf.reverse(map, 2));
  const toSteps = (map: Tensor4D): Tensor3D[] => {
    const [batch, , , features] = map.shape;
    const rows = tf.reshape(tf.pad(mirror(map), [[0, 0], [0, 0], [0, height], [0, 0]]), [batch, -1, features]); // prettier-ignore
    const cut = tf.slice(rows, [0, 0, 0], [batch, height * skewed, features]);
    return tf.unstack(tf.reshape(cut, [batch, height, skewed, features]), 2) as Tensor3D[];
  };
  return {
    offsets: walkTaps[walk].map(({ dy }) => dy),
    inside: toSteps(tf.ones([1, height, width, 1])).map((step) => tf.squeeze(step, [0])),
    toSteps,
    fromSteps(steps) {
      const [batch, , features] = steps[0].shape;
      const rows = tf.reshape(tf.stack(steps, 2), [batch, -1, features]);
      const wide = tf.reshape(tf.pad(rows, [[0, 0], [0, height], [0, 0]]), [batch, height, skewed + 1, features]); // prettier-ignore
      return mirror(tf.slice(wide, [0, 0, 0, 0], [batch, height, width, features]) as Tensor4D);
    },
  };
}

/** [1, taps, h, 4h] -> [taps * h, 4h], with the gates one after the other. */
function stepMatrix(weights: Tensor4D, shape: WalkShape): Tensor2D {
  return tf.reshape(gateMajor(weights, shape), [-1, 4 * hiddenFeatures(shape)]);
}

function initialStates(initial: Tensor2D | null, shape: WalkShape): Tensor[] {
  return tf.unstack(initial ?? tf.zeros([2, hiddenFeatures(shape)]));
}

/** [h] -> [batch, length, h]. */
function spread(state: Tensor, batch: number, length: number): Tensor3D {
  return tf.tile(tf.reshape(state, [1, 1, -1]), [batch, length, 1]);
}

/** The states of a step, with the initial one where the skew has added places. */
function outsideIs(state0: Tensor, state: Tensor3D, inside: Tensor): Tensor3D {
  return tf.add(tf.mul(state, inside), tf.mul(unless(inside), state0));
}

/** 1 - x. */
function unless<T extends Tensor>(x: T): T {
  return tf.sub(1, x);
}

/** The states that the taps read, side by side: [batch, length, h] -> [batch, length, taps * h]. */
function readTaps(h: Tensor3D, h0: Tensor, offsets: number[]): Tensor3D {
  const [batch, length, hidden] = h.shape;
  const border = spread(h0, batch, 1);
  const padded = tf.concat([border, h, border], 1);
  return tf.concat(offsets.map((offset) => tf.slice(padded, [0, 1 + offset, 0], [batch, length, hidden])), 2); // prettier-ignore
}

/** The transpose of readTaps, without what was read outside. */
function givenToTaps(dRead: Tensor3D, offsets: number[]): Tensor3D {
  const [batch, length, features] = dRead.shape;
  const shifted = tf.split<Tensor3D>(dRead, offsets.length, 2).map((dTap, t) => {
    const padded = tf.pad(dTap, [[0, 0], [1, 1], [0, 0]]); // prettier-ignore
    return tf.slice(padded, [0, 1 - offsets[t], 0], [batch, length, features / offsets.length]);
  });
  return tf.addN(shifted);
}

function timesMatrix(x: Tensor3D, matrix: Tensor2D, transposed = false): Tensor3D {
  const [batch, length, features] = x.shape;
  const product = tf.matMul(tf.reshape(x, [batch * length, features]), matrix, false, transposed);
  return tf.reshape(product, [batch, length, -1]);
}

/** For each group o, f, i, g -> o of all groups, then f, i and g. */
function gateMajor(map: Tensor4D, { groups }: WalkShape): Tensor4D {
  if (groups.length === 1) return map;
  const byGroup = tf.split(map, groups.map((size) => 4 * size), 3).map((part) => tf.split<Tensor4D>(part, 4, 3)); // prettier-ignore
  return tf.concat([0, 1, 2, 3].flatMap((gate) => byGroup.map((parts) => parts[gate])), 3); // prettier-ignore
}

/** The inverse of gateMajor. */
function groupMajor(map: Tensor4D, { groups }: WalkShape): Tensor4D {
  if (groups.length === 1) return map;
  const byGate = tf.split<Tensor4D>(map, 4, 3).map((part) => tf.split<Tensor4D>(part, [...groups], 3));
  return tf.concat(groups.flatMap((_, group) => byGate.map((parts) => parts[group])), 3); // prettier-ignore
}
