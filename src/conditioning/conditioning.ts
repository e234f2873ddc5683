import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { ParameterSpec } from '../backend/parameters.js';
import type { Channels, Size } from '../frame.js';

/** What a model is told besides the image's own earlier sub-pixels. Values are levels (0 to levels - 1) as floats. */
export interface Given {
  previousFrames?: {
    /**
     * One tensor for each frame of the context, oldest first, [batch, height, width, channels]. Frames that do not exist
     * repeat the oldest that does; where none does, all are at the middle level.
     */
    frames: readonly Tensor4D[];
    /** [batch, height, width, context]: 1 where the frame exists, else 0. */
    valid: Tensor4D;
  };
  /** The same image at the next coarser scale, [batch, coarse height, coarse width, channels]. */
  lowResolutionImage?: Tensor4D;
}

/** What crosses from one conditioning into a network. */
export type Condition = {
  /** [batch, height, width, features], read by every layer. */
  map: Tensor4D;
  /**
   * [batch, height, width, channels]: the level each sub-pixel is expected near, where a mixture's means start; only from
   * a conditioning that is anchored.
   */
  anchor?: Tensor4D;
};

/** The network that a conditioning serves. */
export interface ConditionedNetwork {
  size: Size;
  channels: Channels;
  levels: number;
}

/** One kind of conditioning: how what is given becomes a map and an anchor. Plain tfjs, differentiable in weights. */
export interface Conditioning<D extends { type: string }> {
  type: D['type'];
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Whether it gives an anchor. */
  anchored: boolean;
  /** Features of the map. */
  mapFeatures(description: D): number;
  parameters(description: D, network: ConditionedNetwork): ParameterSpec[];
  /** @param weights tensors in the order of `parameters` */
  condition(description: D, network: ConditionedNetwork, given: Given, weights: readonly Tensor[]): Condition;
}
