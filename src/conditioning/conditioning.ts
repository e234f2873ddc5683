import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { EarlierMethod } from '../backend/kernels/index.js';
import type { ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import { downsampleContext, mirrorContext, mirrorImage, type ContextTensors } from './context/context-tensors.js';

/**
 * Conditioning inputs: what a model reads besides the image's earlier sub-pixels. Values are levels, 0 to levels - 1,
 * as floats.
 */
export interface ConditioningInputs {
  context?: ContextTensors;
  /** Image at the next coarser scale, [batch, coarse height, coarse width, channels]. */
  coarser?: Tensor4D;
}

/** Requirements of a network on its conditioning inputs. */
export interface InputRequirements {
  /** Number of context frames; 0: none. */
  context: number;
  /** Relation to the coarser scale, whose image is read; null: none is read. */
  coarser: CoarserScale | null;
}

/** Relation of a scale to the next coarser one. */
export interface CoarserScale {
  /** Factor from the coarser scale's size to this one's: the coarser pixel (r, c) is the pixel (factor r, factor c). */
  factor: number;
  /** True if the pixels that both scales have are known here, neither scored nor drawn again. */
  known: boolean;
}

/** Outputs of a conditioning that a network reads. */
export type ConditioningOutputs = {
  /** Feature map, [batch, height, width, features], read by every layer. */
  map: Tensor4D;
  /** Anchors: levels that heads may place their means relative to, [batch, height, width, channels] each. */
  anchors: Tensor4D[];
  /** Frames that methods of earlier pixels read, in levels, [batch, height, width, channels] each, newest first. */
  references: Tensor4D[];
};

/**
 * Kind of conditioning: its inputs, and how they become a feature map, anchors and references. Written in plain tfjs,
 * differentiable in the weights.
 */
export interface Conditioning<D extends { type: string }> {
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Returns the inputs that the conditioning reads. */
  needs(description: D): InputRequirements;
  /** Number of anchors; 0: none. */
  anchors: number;
  /** True if the first anchor is learned, as the expected frame; training then has a loss on this anchor. */
  learned: boolean;
  /** Returns the number of references, and the methods of earlier pixels that read them; absent: none. */
  earlierPixels?(description: D): { references: number; methods: readonly EarlierMethod[] };
  /** Returns the number of features of the feature map. */
  mapFeatures(description: D): number;
  /** Returns the specifications of the parameters. @param network shape of the network's images */
  parameters(description: D, network: ImageShape): ParameterSpec[];
  /** Computes the outputs from the inputs `given`. @param weights tensors in the order of `parameters` */
  condition(
    description: D,
    network: ImageShape,
    conditioningInputs: ConditioningInputs,
    weights: readonly Tensor[],
  ): ConditioningOutputs;
}

/** Returns conditioning inputs of zeros for a batch of examples, to measure memory or time. */
export function zeroInputs(
  { size, channels }: ImageShape,
  { context }: Pick<InputRequirements, 'context'>,
  batch: number,
): ConditioningInputs {
  if (context === 0) return {};
  const blank = (features: number) => tf.fill<Rank.R4>([batch, size.height, size.width, features], 0);
  const frames = Array.from({ length: context }, () => blank(channels));
  return { context: { frames, valid: blank(context), noise: blank(1) } };
}

/**
 * Returns the conditioning inputs of a scale: context frames at every `step`-th pixel of the finest scale, and the
 * image `coarser` of the coarser scale. Disposes nothing.
 */
export function downsampleInputs(
  given: ConditioningInputs,
  needs: InputRequirements,
  step: number,
  coarser: Tensor4D | undefined,
): ConditioningInputs {
  return {
    ...(needs.context > 0 && given.context && { context: downsampleContext(given.context, needs.context, step) }),
    ...(coarser && { coarser }),
  };
}

/** Mirrors conditioning inputs left to right. Disposes nothing. */
export function mirrorInputs({ context, coarser }: ConditioningInputs): ConditioningInputs {
  return { ...(context && { context: mirrorContext(context) }), ...(coarser && { coarser: mirrorImage(coarser) }) };
}

/** Disposes all tensors of conditioning inputs. */
export function disposeInputs({ context, coarser }: ConditioningInputs): void {
  if (context) tf.dispose([...context.frames, context.valid, context.noise, ...(context.known?.frames ?? [])]);
  if (coarser) tf.dispose(coarser);
}
