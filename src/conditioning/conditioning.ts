import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { EarlierMethod } from '../backend/kernels/index.js';
import type { ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import { cutContext, mirrorContext, mirrorImage, type ContextTensors } from './context/context-tensors.js';

/**
 * Conditioning inputs: what a model is given besides the image's earlier sub-pixels. Values are levels, 0 to levels -
 * 1, as floats.
 */
export interface ConditioningInputs {
  context?: ContextTensors;
  /** The same image at the next coarser scale, [batch, coarse height, coarse width, channels]. */
  coarser?: Tensor4D;
}

/** Conditioning inputs that a network reads. */
export interface InputRequirements {
  /** Number of context frames; 0: none. */
  context: number;
  /** The image at the scale before; null: not read. */
  coarser: CoarserScale | null;
}

export interface CoarserScale {
  /**
   * Pixels of this scale, down and across, for one of the coarser: its (r, c) is the pixel (factor r, factor c) here.
   */
  factor: number;
  /** Whether the pixels that both scales have are known here, neither scored nor drawn again. */
  known: boolean;
}

/** What crosses from one conditioning into a network. */
export type ConditioningOutputs = {
  /** Feature map, [batch, height, width, features], read by every layer. */
  map: Tensor4D;
  /** Levels that sub-pixels are expected near, [batch, height, width, channels] each: heads may start from them. */
  anchors: Tensor4D[];
  /** Frames that known pixels are compared with, in levels, [batch, height, width, channels] each, the newest first. */
  references: Tensor4D[];
};

/**
 * One kind of conditioning: what it reads, and how that becomes a map, anchors and references. Plain tfjs,
 * differentiable in weights.
 */
export interface Conditioning<D extends { type: string }> {
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  needs(description: D): InputRequirements;
  /** Number of anchors that it gives; 0: none. */
  anchors: number;
  /** Whether the first of them is learned, as the expected frame; then training has a loss on it. */
  learned: boolean;
  /** Number of references that it gives, and the methods that compare earlier pixels with them; absent: none. */
  earlierPixels?(description: D): { references: number; methods: readonly EarlierMethod[] };
  mapFeatures(description: D): number;
  /** @param network shape of the network's images */
  parameters(description: D, network: ImageShape): ParameterSpec[];
  /** @param weights tensors in the order of `parameters` */
  condition(
    description: D,
    network: ImageShape,
    given: ConditioningInputs,
    weights: readonly Tensor[],
  ): ConditioningOutputs;
}

/** Returns conditioning inputs of a batch, all zero, to count their memory. */
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
 * Returns the conditioning inputs of a coarser scale: every `step` pixels of the finest, and the scale before. Disposes
 * nothing.
 */
export function downsampleInputs(
  given: ConditioningInputs,
  needs: InputRequirements,
  step: number,
  coarser: Tensor4D | undefined,
): ConditioningInputs {
  return {
    ...(needs.context > 0 && given.context && { context: cutContext(given.context, needs.context, step) }),
    ...(coarser && { coarser }),
  };
}

/** Swaps left and right in conditioning inputs. Disposes nothing. */
export function mirrorInputs({ context, coarser }: ConditioningInputs): ConditioningInputs {
  return { ...(context && { context: mirrorContext(context) }), ...(coarser && { coarser: mirrorImage(coarser) }) };
}

export function disposeInputs({ context, coarser }: ConditioningInputs): void {
  if (context) tf.dispose([...context.frames, context.valid, context.noise, ...(context.known?.frames ?? [])]);
  if (coarser) tf.dispose(coarser);
}
