import { filterMask, type ParameterShape } from './convolution-shape.js';
import { hiddenFeatures, stateToState, type ScanShape } from './scan-shape.js';
import { Philox, randomStreams } from '../foundation/philox.js';

/** Specification of a trainable array: name in checkpoints, shape, and initial values. */
export interface ParameterSpec {
  /** Name of the array in checkpoints. */
  name: string;
  shape: readonly number[];
  /**
   * Returns the initial values. Each call of `uniform` returns the next random number, in (0, 1). Masked weights are
   * zero.
   */
  initialise(uniform: () => number): Float32Array;
  /** Returns the mask: 1 where a value is used, 0 where it is masked and so zero. Missing if nothing is masked. */
  mask?: () => Float32Array;
}

/**
 * Returns the specifications of a convolution's weights and bias, `<name>.weights` and `<name>.bias`. Both are
 * initialised uniformly in +-1/sqrt(number of inputs that an output reads).
 */
export function convolutionParameters(name: string, shape: ParameterShape): ParameterSpec[] {
  const { kernel, inFeatures, outFeatures, groups, taps } = shape;
  const bounds = groups.map((_, group) => {
    const inputs = taps.reduce((sum, tap) => sum + tap.sees[group], 0);
    return inputs > 0 ? 1 / Math.sqrt(inputs) : 0;
  });
  const groupOf = groups.flatMap((size, group) => Array.from({ length: size }, () => group));
  const draw = (output: number, uniform: () => number) => (2 * uniform() - 1) * bounds[groupOf[output]];
  return [
    {
      name: `${name}.weights`,
      shape: [kernel.height, kernel.width, inFeatures, outFeatures],
      initialise: (uniform) => filterMask(shape).map((used, at) => (used ? draw(at % outFeatures, uniform) : 0)),
      mask: () => filterMask(shape),
    },
    {
      name: `${name}.bias`,
      shape: [outFeatures],
      initialise: (uniform) => Float32Array.from({ length: outFeatures }, (_, output) => draw(output, uniform)),
    },
  ];
}

/**
 * Returns the specification of an LSTM's state-to-state weights, `<name>.weights`, initialised uniformly in
 * +-1/sqrt(number of inputs of a gate). If `learned`, also that of the states outside the image, `<name>.initial`,
 * initialised to 0.
 */
export function lstmParameters(name: string, shape: ScanShape, learned: boolean): ParameterSpec[] {
  const hidden = hiddenFeatures(shape);
  const [weights] = convolutionParameters(name, stateToState(shape));
  const initial = { name: `${name}.initial`, shape: [2, hidden], initialise: () => new Float32Array(2 * hidden) };
  return learned ? [weights, initial] : [weights];
}

/**
 * Returns the initial values of all parameters. The values of a parameter depend only on the seed and the parameter's
 * index.
 */
export function initialiseParameters(specs: readonly ParameterSpec[], seed: bigint): Float32Array[] {
  const philox = new Philox(seed);
  return specs.map((spec, index) => {
    let draws = 0;
    return spec.initialise(() => philox.uniform(draws++, index, 0, randomStreams.firstWeights));
  });
}
