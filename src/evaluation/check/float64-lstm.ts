import { cellFrom, hiddenFeatures, pixelAt, walkSteps, walkTaps, type WalkShape } from '../../backend/walk-shape.js';
import type { LstmOp } from '../../model/ops/index.js';
import { dot } from './float64-dot.js';
import type { Float64State } from './float64-state.js';

/** The walk of WalkShape's equations: o, f, i and g go to `activations`, c to `cells`, h to `out`. */
export function forwardLstm(op: LstmOp, { parameters, values }: Float64State): void {
  const { shape } = op;
  const hidden = hiddenFeatures(shape);
  const weights = parameters[op.weights];
  const initial = initialStates(op, parameters);
  const [gates, activations, cells, out] = [op.gates, op.activations, op.cells, op.out].map(values);
  for (const pixel of walkSteps(shape).flat()) {
    const own = activations.subarray(4 * pixel * hidden, 4 * (pixel + 1) * hidden);
    own.set(gates.subarray(4 * pixel * hidden, 4 * (pixel + 1) * hidden));
    walkTaps[shape.walk].forEach((tap, position) => {
      const from = pixelAt(shape, pixel, tap);
      for (let k = 0; k < hidden; k++) {
        const state = from < 0 ? initial[k] : out[from * hidden + k];
        const row = (position * hidden + k) * 4 * hidden;
        for (let s = 0; s < 4 * hidden; s++) own[s] += weights[row + s] * state;
      }
    });
    const before = pixelAt(shape, pixel, cellFrom[shape.walk]);
    forEachFeature(shape, (k, o, f, i, g) => {
      for (const gate of [o, f, i]) own[gate] = 1 / (1 + Math.exp(-own[gate]));
      own[g] = Math.tanh(own[g]);
      const cell = own[f] * (before < 0 ? initial[hidden + k] : cells[before * hidden + k]) + own[i] * own[g];
      cells[pixel * hidden + k] = cell;
      out[pixel * hidden + k] = own[o] * Math.tanh(cell);
    });
  }
}

/**
 * The walk in reverse. With t = tanh(c) and d c the gradient that has come from the next cell:
 *
 *     d c += d h o (1 - t^2);  d o = d h t;  d f = d c c';  d i = d c g;  d g = d c i;  d c' += d c f
 *
 * each times the derivative of its sigmoid or tanh; d h' += weights d s for the states that s was computed from.
 */
export function backwardLstm(op: LstmOp, { parameters, values, gradients }: Float64State): void {
  const { shape } = op;
  const hidden = hiddenFeatures(shape);
  const weights = parameters[op.weights];
  const initial = initialStates(op, parameters);
  const [activations, cells] = [op.activations, op.cells].map(values);
  const [dGates, dCells, dOut] = [op.gates, op.cells, op.out].map(gradients);
  const dSums = new Float64Array(4 * hidden);
  for (const pixel of walkSteps(shape).flat().reverse()) {
    const own = activations.subarray(4 * pixel * hidden, 4 * (pixel + 1) * hidden);
    const before = pixelAt(shape, pixel, cellFrom[shape.walk]);
    let isLive = false;
    forEachFeature(shape, (k, o, f, i, g) => {
      const at = pixel * hidden + k;
      const t = Math.tanh(cells[at]);
      const dCell = dCells[at] + dOut[at] * own[o] * (1 - t * t);
      const cellBefore = before < 0 ? initial[hidden + k] : cells[before * hidden + k];
      dSums[o] = dOut[at] * t * own[o] * (1 - own[o]);
      dSums[f] = dCell * cellBefore * own[f] * (1 - own[f]);
      dSums[i] = dCell * own[g] * own[i] * (1 - own[i]);
      dSums[g] = dCell * own[i] * (1 - own[g] * own[g]);
      if (before >= 0) dCells[before * hidden + k] += dCell * own[f];
      isLive ||= dOut[at] !== 0 || dCell !== 0;
    });
    // Beyond the output at hand there is nothing to pass on.
    if (!isLive) continue;
    for (let s = 0; s < 4 * hidden; s++) dGates[4 * pixel * hidden + s] += dSums[s];
    walkTaps[shape.walk].forEach((tap, position) => {
      const from = pixelAt(shape, pixel, tap);
      if (from < 0) return;
      for (let k = 0; k < hidden; k++) {
        const row = (position * hidden + k) * 4 * hidden;
        dOut[from * hidden + k] += dot(weights, row, dSums, 0, 4 * hidden);
      }
    });
  }
}

/** h, then c, of the pixels outside the image. */
function initialStates({ shape, initial }: LstmOp, parameters: readonly Float64Array[]): Float64Array {
  return initial === null ? new Float64Array(2 * hiddenFeatures(shape)) : parameters[initial];
}

/** Calls `visit` for each feature of h with the places of its gates o, f, i and g among the 4h of a pixel. */
function forEachFeature(
  { groups }: WalkShape,
  visit: (k: number, o: number, f: number, i: number, g: number) => void,
): void {
  let start = 0;
  for (const size of groups) {
    for (let k = start; k < start + size; k++) {
      const o = 3 * start + k;
      visit(k, o, o + size, o + 2 * size, o + 3 * size);
    }
    start += size;
  }
}
