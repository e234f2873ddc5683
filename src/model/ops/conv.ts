import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { convolution, convolutionFilterGradient, convolutionInputGradient } from '../../backend/convolution.js';
import type { ConvolutionShape } from '../../backend/convolution-shape.js';
import type { Slot } from '../groups.js';
import { shapeOf, type OpRule } from './rule.js';

/** Op that convolves a slot: out = convolution(relu ? max(x, 0) : x) + bias + plus. */
export interface ConvOp {
  op: 'conv';
  /** Slot that is convolved. */
  x: Slot;
  shape: ConvolutionShape;
  /** Shape in a step with products in bf16, which stores some slots in bf16 (see `slotsInBf16`). */
  shapeInBf16: ConvolutionShape;
  /** Index of the weights in the program's parameters. */
  weights: number;
  /** Index of the bias in the program's parameters. */
  bias: number;
  /** True if a ReLU is applied to the input first. */
  relu: boolean;
  /** Slot that is added to the result; null: none. */
  plus: Slot | null;
  /** Slot that the result is written to. */
  out: Slot;
}

/** Forward and backward pass of `ConvOp`. */
export const conv: OpRule<ConvOp> = {
  kept: ({ x }) => [x],
  passing: ({ plus }) => (plus === null ? [] : [plus]),

  forward(op, parameters, values) {
    const { x, weights, bias, relu, plus, out } = op;
    const value = convolution(values.get(x.id)!, parameters[weights] as Tensor4D, shapeOf(op), {
      bias: parameters[bias] as Tensor1D,
      plus: plus === null ? undefined : values.get(plus.id),
      relu,
    });
    values.set(out.id, value);
  },

  /**
   * d plus = d out; d bias = sum of d out; d weights = r(x) correlated with d out. If anything before x is learned,
   * r'(x) times d out convolved with the mirrored weights is added to d x.
   */
  backward(op, pass) {
    const { x, weights, bias, relu, plus, out } = op;
    const shape = shapeOf(op);
    const dy = pass.gradient(out)!;
    const value = pass.values.get(x.id)!;
    const filter = convolutionFilterGradient(value, dy, shape, { relu });
    pass.parameterGradients[weights] = filter.weights;
    pass.parameterGradients[bias] = filter.bias;
    if (plus !== null) pass.add(plus, dy);
    if (pass.still.includes(x)) return;
    const dx = convolutionInputGradient(dy, pass.parameters[weights] as Tensor4D, shape, {
      reluInput: relu ? value : undefined,
      plus: pass.gradient(x),
    });
    pass.replace(x, dx);
  },
};
