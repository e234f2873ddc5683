import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

/** One kind of head: what the network's outputs for one sub-pixel say of its level. */
export interface Head<D extends { type: string }> {
  type: D['type'];
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Whether the head starts from an anchor; then the image's difference to it is an input of the network as well. */
  anchored: boolean;
  /** The most levels that it can tell apart, 2 to 256. */
  maxLevels: number;
  /** Outputs that the head reads for one sub-pixel. */
  outputs(description: D, levels: number): number;
  /**
   * -log P(target) in nats, exact, differentiable in the outputs.
   *
   * @param outputs [sub-pixels, outputs]
   * @param targets [sub-pixels], int32, 0 to levels - 1
   * @param anchors [sub-pixels], in levels
   * @returns [sub-pixels]
   */
  nats(description: D, levels: number, outputs: Tensor2D, targets: Tensor1D, anchors: Tensor1D): Tensor1D;
  /**
   * The same distribution for one sub-pixel, in float64.
   *
   * @param outputs where the outputs stand, from `offset` on
   * @param into receives the probability of each level; its length is `levels`
   */
  distribution(
    description: D,
    levels: number,
    outputs: Float32Array,
    offset: number,
    anchor: number,
    into: Float64Array,
  ): void;
}
