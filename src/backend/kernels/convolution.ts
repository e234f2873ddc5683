import { inputShape, outputShape, weightShape } from '../convolution-shape.js';
import { count, flag, kernel, shapedArguments, type ValuesOf } from './description.js';
import { convolutionGeometry } from './geometry.js';

const forward = shapedArguments('ConvolutionNumbers', { batch: count, relu: flag }, convolutionGeometry);

type Call = Pick<ValuesOf<typeof forward>, 'shape' | 'batch'>;
const input = { shape: ({ shape, batch }: Call) => inputShape(shape, batch) };
const output = { shape: ({ shape, batch }: Call) => outputShape(shape, batch) };
const filter = { shape: ({ shape }: Call) => weightShape(shape) };
const perOutput = { shape: ({ shape }: Call) => [shape.outFeatures] };
const optional = { optional: true } as const;

/**
 * Convolution: out = convolution of r(x) + bias + plus, with r = ReLU if `relu`, else the identity. See
 * ConvolutionShape.
 */
export const convolution = kernel({
  numbers: forward,
  inputs: { x: input, weights: filter, bias: { ...perOutput, ...optional }, plus: { ...output, ...optional } },
  outputs: { out: output },
  inBf16: true,
});

/**
 * Gradient of `convolution` with respect to x: dx = (gradient given dy) + plus. With `reluInput` (the x of the forward
 * call), the gradient is zero where x <= 0, before plus is added.
 */
export const convolutionInputGradient = kernel({
  numbers: shapedArguments('InputGradientNumbers', { batch: count }, convolutionGeometry),
  inputs: { dy: output, weights: filter, reluInput: { ...input, ...optional }, plus: { ...input, ...optional } },
  outputs: { dx: input },
  inBf16: true,
});

/** Gradients of `convolution` with respect to its weights (zero where masked) and, if dBias is given, its bias. */
export const convolutionFilterGradient = kernel({
  numbers: forward,
  inputs: { x: input, dy: output },
  outputs: { dWeights: filter, dBias: { ...perOutput, ...optional } },
  inBf16: true,
});
