import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { lstm as lstmStates, lstmGradient } from '../../backend/lstm.js';
import type { ScanShape } from '../../backend/scan-shape.js';
import type { Slot } from '../groups.js';
import { shapeOf, type OpRule } from './rule.js';

/** Op that runs an LSTM over the image in a scan order; see `ScanShape` for the equations. */
export interface LstmOp {
  op: 'lstm';
  /** Gates before the state-to-state product: 4h features, o f i g for each colour group. */
  gates: Slot;
  shape: ScanShape;
  /** Shape in a step with products in bf16, which stores some slots in bf16 (see `slotsInBf16`). */
  shapeInBf16: ScanShape;
  /** Index of the state-to-state weights in the program's parameters. */
  weights: number;
  /** Index of the states outside the image in the program's parameters; null: they are zero. */
  initial: number | null;
  /** Slot that the hidden states are written to. */
  out: Slot;
  /** Slot of the activations of the gates, which only the op's own backward pass reads. */
  activations: Slot;
  /** Slot of the cell states, which only the op's own backward pass reads. */
  cells: Slot;
}

/** Forward and backward pass of `LstmOp`. */
export const lstm: OpRule<LstmOp> = {
  kept: ({ out, activations, cells }) => [out, activations, cells],
  passing: ({ gates }) => [gates],

  forward(op, parameters, values) {
    const { gates, weights, initial, out, activations, cells } = op;
    const start = initial === null ? null : (parameters[initial] as Tensor2D);
    const states = lstmStates(values.get(gates.id)!, parameters[weights] as Tensor4D, start, shapeOf(op));
    values.set(out.id, states.out);
    values.set(activations.id, states.activations);
    values.set(cells.id, states.cells);
  },

  /** Scans in reverse order: see `lstmGradient`. */
  backward(op, pass) {
    const { gates, weights, initial, out, activations, cells } = op;
    const [outValue, activationValue, cellValue] = [out, activations, cells].map(({ id }) => pass.values.get(id)!);
    const start = initial === null ? null : (pass.parameters[initial] as Tensor2D);
    const states = { out: outValue, activations: activationValue, cells: cellValue };
    const gradients = lstmGradient(
      pass.gradient(out)!,
      pass.parameters[weights] as Tensor4D,
      start,
      states,
      shapeOf(op),
    );
    pass.parameterGradients[weights] = gradients.weights;
    if (initial !== null) pass.parameterGradients[initial] = gradients.initial!;
    pass.add(gates, gradients.gates);
  },
};
