import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { lstm as walkStates, lstmGradient } from '../../backend/lstm.js';
import type { ScanShape } from '../../backend/scan-shape.js';
import type { Slot } from '../groups.js';
import type { OpRule } from './rule.js';

/** An LSTM layer's walk over the image; see WalkShape for its equations. */
export interface LstmOp {
  op: 'lstm';
  /** 4h features: the gates before the state-to-state product, o f i g for each colour group. */
  gates: Slot;
  shape: ScanShape;
  /** Indices into the program's parameters; `initial` is null where the states outside the image are zero. */
  weights: number;
  initial: number | null;
  out: Slot;
  /** Values that only the op itself and the executors read. */
  activations: Slot;
  cells: Slot;
}

export const lstm: OpRule<LstmOp> = {
  kept: ({ out, activations, cells }) => [out, activations, cells],
  passing: ({ gates }) => [gates],

  forward({ gates, shape, weights, initial, out, activations, cells }, parameters, values) {
    const start = initial === null ? null : (parameters[initial] as Tensor2D);
    const states = walkStates(values.get(gates.id)!, parameters[weights] as Tensor4D, start, shape);
    values.set(out.id, states.out);
    values.set(activations.id, states.activations);
    values.set(cells.id, states.cells);
  },

  /** The walk in reverse: see `lstmGradient`. */
  backward({ gates, shape, weights, initial, out, activations, cells }, pass) {
    const [outValue, activationValue, cellValue] = [out, activations, cells].map(({ id }) => pass.values.get(id)!);
    const start = initial === null ? null : (pass.parameters[initial] as Tensor2D);
    const states = { out: outValue, activations: activationValue, cells: cellValue };
    const gradients = lstmGradient(pass.gradient(out)!, pass.parameters[weights] as Tensor4D, start, states, shape);
    pass.parameterGradients[weights] = gradients.weights;
    if (initial !== null) pass.parameterGradients[initial] = gradients.initial!;
    pass.add(gates, gradients.gates);
  },
};
