import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

/** One pixel as a head reads it: arrays, and where in each the pixel's part begins. */
export interface PixelView {
  /** The outputs of the pixel's colours, one colour after another. */
  outputs: Float32Array;
  outputsAt: number;
  /** The levels of its sub-pixels; those of earlier colours than the one asked for are read. */
  levels: ArrayLike<number>;
  levelsAt: number;
  /** For each colour in turn its anchors, in levels. */
  anchors: ArrayLike<number>;
  anchorsAt: number;
  /** How many anchors each colour has, A. */
  anchorCount: number;
}

/** One kind of head: what the network's outputs say of the levels of a pixel's colours. */
export interface Head<D extends { type: string }> {
  type: D['type'];
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Whether the head starts from anchors; then the image's difference to each is an input of the network as well. */
  anchored: boolean;
  /** Whether it mixes components, which have a temperature of their own. */
  mixed: boolean;
  /** The most levels that it can tell apart, 2 to 256. */
  maxLevels: number;
  /** Outputs that the head reads for each colour in turn. */
  outputs(description: D, levels: number, channels: number): number[];
  /**
   * Where an earlier head of this kind has a part of these outputs, from which a training can start while the others are 0:
   * for each output its index there, or null. Null where there is no such way.
   */
  grownFrom?(description: D, earlier: D, channels: number): (number | null)[] | null;
  /**
   * -log P(target) in nats of each sub-pixel given the pixel's earlier colours, exact, differentiable in the outputs and
   * the anchors.
   *
   * @param outputs [pixels, the outputs of all colours]
   * @param targets [pixels, channels], int32, 0 to levels - 1
   * @param anchors [pixels, channels * A], in levels, the anchors of a colour together
   * @returns [pixels, channels]
   */
  nats(description: D, levels: number, outputs: Tensor2D, targets: Tensor2D, anchors: Tensor2D): Tensor2D;
  /**
   * The same distribution for one sub-pixel, in float64.
   *
   * @param channel the colour
   * @param temperature of the components, above 0, where there are any: weights^T, scales times T
   * @param into receives the probability of each level; its length is `levels`
   * @param only the one level whose probability is wanted, the same bits; others may be left as they are. Default: all
   */
  distribution(
    description: D,
    levels: number,
    pixel: PixelView,
    channel: number,
    temperature: number,
    into: Float64Array,
    only?: number,
  ): void;
  /**
   * The first level up to which the probabilities add up to more than u, as the head's cumulative function has it, found by
   * halving; NaN where that is not finite. Without it levels are drawn from what `distribution` writes.
   *
   * @param channel, temperature as in `distribution`
   * @param u strictly between 0 and 1
   */
  quantile?(description: D, levels: number, pixel: PixelView, channel: number, temperature: number, u: number): number;
}
