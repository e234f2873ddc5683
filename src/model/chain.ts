import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../backend/parameters.js';
import {
  downsampleInputs,
  hasLearnedAnchor,
  inputRequirements,
  type ConditioningOutputs,
} from '../conditioning/index.js';
import { subsample } from '../conditioning/context/context-tensors.js';
import type { ModelDescription, NetworkDescription } from './description.js';
import { frameBytes } from '../foundation/levels.js';
import type { Examples, ExampleShape } from '../conditioning/context/examples.js';
import { buildNetwork, runConditioning, scoreNetwork, type Network, type NetworkScore } from './network.js';

/** A model's description made ready to run: its networks, the coarsest scale first. */
export interface Chain {
  scales: readonly Network[];
  /** Those of all scales in turn; their names begin with `scales.<index>.`. */
  parameters: readonly ParameterSpec[];
  /** The size of the finest scale, the longest context of all. */
  exampleShape: ExampleShape;
  /** Whether the sum over scales is the image's exact likelihood, as where shared pixels are known, or a bound. */
  exact: boolean;
}

export function buildChain({ scales: descriptions }: ModelDescription): Chain {
  const scales = descriptions.map(buildNetwork);
  const { size, channels, levels } = descriptions[descriptions.length - 1];
  const context = Math.max(...descriptions.map(({ conditioning }) => inputRequirements(conditioning).context));
  return {
    scales,
    parameters: scales.flatMap(({ parameters }, scale) =>
      parameters.map((spec) => ({ ...spec, name: `scales.${scale}.${spec.name}` })),
    ),
    exampleShape: { size, channels, levels, context },
    exact: descriptions.every((network) => inputRequirements(network.conditioning).coarser?.known !== false),
  };
}

/** Whether images can be expected at several strides: there is one scale, and its first anchor is learned. */
export function canPredictAtStrides({ scales }: Chain): boolean {
  return scales.length === 1 && hasLearnedAnchor(scales[0].description.conditioning);
}

/** Of values that stand in the order of the chain's parameters, those of one scale. */
export function selectScaleParameters<T>({ scales }: Chain, scale: number, values: readonly T[]): T[] {
  const start = scales.slice(0, scale).reduce((sum, { parameters }) => sum + parameters.length, 0);
  return values.slice(start, start + scales[scale].parameters.length);
}

/** Sub-pixels of an image, each counted once: what bits/dim divides by. */
export function dimensions({ exampleShape }: Chain): number {
  return frameBytes(exampleShape);
}

/** The examples of a scale: the finest subsampled, with those of the scale before as given. Frees nothing. */
export function downsampleExamples(chain: Chain, scale: number, examples: Examples): Examples {
  const step = stepAtFinest(chain, scale);
  const coarser = scale === 0 ? undefined : subsample(examples.seen, stepAtFinest(chain, scale - 1));
  return {
    image: subsample(examples.image, step),
    seen: subsample(examples.seen, step),
    earlierPixels: examples.earlierPixels,
    given: downsampleInputs(
      examples.given,
      inputRequirements(chain.scales[scale].description.conditioning),
      step,
      coarser,
    ),
  };
}

/** What a scale says of some examples at its size. */
export interface ScaleScore extends NetworkScore {
  /** The image at this scale, [batch, height, width, channels]. */
  image: Tensor4D;
}

/**
 * What some scales, `among` all, say of examples; nats are zero where a sub-pixel is known from the scale before.
 * @param parameters in the order of `chain.parameters`
 * @param kept what `conditionChain` made of the examples, which no gradient reaches; default: it is made here, and
 *   learns
 */
export function scoreChain(
  chain: Chain,
  parameters: readonly Tensor[],
  examples: Examples,
  among: readonly number[] = chain.scales.map((_, scale) => scale),
  kept?: readonly (ConditioningOutputs | null)[],
): ScaleScore[] {
  return among.map((scale, place) => {
    const network = chain.scales[scale];
    const own = downsampleExamples(chain, scale, examples);
    const { nats, anchors } = scoreNetwork(
      network,
      selectScaleParameters(chain, scale, parameters),
      own,
      kept?.[place],
    );
    const unknown = unknownMask(network.description);
    const counted = unknown === null ? nats : tf.mul<Tensor2D>(nats, tf.tensor2d(unknown, [1, unknown.length]));
    return { nats: counted, anchors, image: own.image };
  });
}

/** What the conditionings of some scales make of examples: see `runConditioning`. @param among as in `scoreChain` */
export function conditionChain(
  chain: Chain,
  parameters: readonly Tensor[],
  examples: Examples,
  among: readonly number[],
): (ConditioningOutputs | null)[] {
  return among.map((scale) => {
    const { given } = downsampleExamples(chain, scale, examples);
    return runConditioning(chain.scales[scale], selectScaleParameters(chain, scale, parameters), given);
  });
}

/** 1 for each sub-pixel that a network predicts, 0 for those known from the scale before; null: it predicts all. */
export function unknownMask(description: NetworkDescription): Float32Array | null {
  const { size, channels, conditioning } = description;
  const { coarser } = inputRequirements(conditioning);
  if (coarser === null || !coarser.known) return null;
  return Float32Array.from({ length: frameBytes(description) }, (_, at) => {
    const pixel = Math.floor(at / channels);
    const [y, x] = [Math.floor(pixel / size.width), pixel % size.width];
    return y % coarser.factor === 0 && x % coarser.factor === 0 ? 0 : 1;
  });
}

/** How many pixels of the finest scale, down and across, there are for one of a scale. */
export function stepAtFinest({ scales }: Chain, scale: number): number {
  return scales
    .slice(scale + 1)
    .reduce(
      (product, { description }) => product * (inputRequirements(description.conditioning).coarser?.factor ?? 1),
      1,
    );
}
