import { inputShape, outputShape, storedShape, weightShape } from '../convolution-shape.js';
import { count, flag, kernel, shapedArguments, type ValuesOf } from './description.js';
import { convolutionGeometry } from './geometry.js';

const forward = shapedArguments('ConvolutionNumbers', { batch: count, relu: flag }, convolutionGeometry);

type Call = Pick<ValuesOf<typeof forward>, 'shape' | 'batch'>;
const input = { shape: ({ shape, batch }: Call) => storedShape(inputShape(shape, batch), shape.inBf16?.x) };
const output = { shape: ({ shape, batch }: Call) => storedShape(outputShape(shape, batch), shape.inBf16?.out) };
const filter = { shape: ({ shape }: Call) => weightShape(shape) };
const perOutput = { shape: ({ shape }: Call) => [shape.outFeatures] };
const optional = { optional: true } as const;

/**
 * Kernel of convolution: out = weighted sum of r(x), as in `Tap`, + bias + plus. r is ReLU if `relu`, else the
 * identity; a null `bias` or `plus` is 0. x, out and `plus` are [batch, height, width, features], `weights` [height,
 * width, inFeatures, outFeatures].
 */
export const convolution = kernel({
  numbers: forward,
  inputs: { x: input, weights: filter, bias: { ...perOutput, ...optional }, plus: { ...output, ...optional } },
  outputs: { out: output },
  inBf16: true,
});

/**
 * Kernel of the gradient of `convolution` with respect to x: dx = gradient + plus, given dy, the gradient of out.
 * `reluInput` is the x of a forward call with `relu`: where x <= 0, the gradient is zero, before `plus` is added. Null:
 * the call had no ReLU. A null `plus` is 0.
 */
export const convolutionInputGradient = kernel({
  numbers: shapedArguments('InputGradientNumbers', { batch: count }, convolutionGeometry),
  inputs: {
    dy: output,
    weights: filter,
    reluInput: { ...input, ...optional },
    plus: { ...input, ...optional },
  },
  outputs: { dx: input },
  inBf16: true,
});

/**
 * Kernel of the gradients of `convolution` with respect to its weights and bias, given x and `relu` of the forward
 * call, and dy. dWeights are zero where masked; a null dBias is not computed.
 */
export const convolutionFilterGradient = kernel({
  numbers: forward,
  inputs: { x: input, dy: output },
  outputs: { dWeights: filter, dBias: { ...perOutput, ...optional } },
  inBf16: true,
});
