import { inputShape, outputShape, weightShape } from '../convolution-shape.js';
import { count, flag, kernel, numbers } from './description.js';
import { convolutionGeometry } from './geometry.js';

const forward = numbers('ConvolutionNumbers', { batch: count, relu: flag }, convolutionGeometry);

/** out = convolution of r(x) + bias + plus, r = ReLU where `relu`, else the identity. See ConvolutionShape. */
export const convolution = kernel({
  numbers: forward,
  inputs: {
    x: { shape: ({ shape, batch }) => inputShape(shape, batch) },
    weights: { shape: ({ shape }) => weightShape(shape) },
    bias: { shape: ({ shape }) => [shape.outFeatures], optional: true },
    plus: { shape: ({ shape, batch }) => outputShape(shape, batch), optional: true },
  },
  outputs: { out: { shape: ({ shape, batch }) => outputShape(shape, batch) } },
  inBf16: true,
});

/**
 * dx = (gradient of `convolution` with respect to x, given dy) + plus. With `reluInput` (the x of the forward call),
 * the gradient is zero where x <= 0, before plus is added.
 */
export const convolutionInputGradient = kernel({
  numbers: numbers('InputGradientNumbers', { batch: count }, convolutionGeometry),
  inputs: {
    dy: { shape: ({ shape, batch }) => outputShape(shape, batch) },
    weights: { shape: ({ shape }) => weightShape(shape) },
    reluInput: { shape: ({ shape, batch }) => inputShape(shape, batch), optional: true },
    plus: { shape: ({ shape, batch }) => inputShape(shape, batch), optional: true },
  },
  outputs: { dx: { shape: ({ shape, batch }) => inputShape(shape, batch) } },
  inBf16: true,
});

/** Gradients of `convolution` with respect to its weights (zero where masked) and, where asked for, its bias. */
export const convolutionFilterGradient = kernel({
  numbers: forward,
  inputs: {
    x: { shape: ({ shape, batch }) => inputShape(shape, batch) },
    dy: { shape: ({ shape, batch }) => outputShape(shape, batch) },
  },
  outputs: {
    dWeights: { shape: ({ shape }) => weightShape(shape) },
    dBias: { shape: ({ shape }) => [shape.outFeatures], optional: true },
  },
  inBf16: true,
});
