import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

/**
 * Scalar arguments by which kernels compute the distributions of a head: see `headFields` in
 * src/backend/kernels/drawing.ts.
 */
export interface HeadNumbers {
  /** Kind of head: a value of the enumeration `HeadKind` in native/engine/head.h. */
  headKind: number;
  /** Number of components of the mixture; 0: none. */
  components: number;
  /**
   * Factor from an output of the network to the distance of a mean from its anchor, in levels; 0 without components.
   */
  meanScale: number;
  /** True if one component is drawn for all colours of a pixel. */
  together: boolean;
}

/** Scalar arguments for a head without a mixture. */
export const NO_MIXTURE = { components: 0, meanScale: 0, together: false } as const;

/** Kind of head: turns a network's outputs into probabilities of the levels of a pixel's colours. */
export interface Head<D extends { type: string }> {
  /** Schema of the description. */
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /**
   * True if means, of components or of levels, are relative to anchors. The network then also reads the difference of
   * the image from each anchor.
   */
  anchored: boolean;
  /**
   * True if a low temperature draws levels close to the anchors. Samples are then drawn about the expected frame by
   * default: see `defaultSampling`.
   */
  drawsAboutAnchors: boolean;
  /**
   * True if `nats` are those of the levels' probabilities, so that codes reach them. False for a cross-entropy with the
   * mean level, after which no level is drawn or coded: see `assertLikelihood`.
   */
  isLikelihood: boolean;
  /** Returns the scalar arguments that kernels read of a head. */
  numbers(description: D): HeadNumbers;
  /** Maximum number of levels, 2 to 256. */
  maxLevels: number;
  /** Returns the number of outputs of the network for each colour, in order. */
  outputs(description: D, levels: number, channels: number): number[];
  /**
   * Returns -log P(target) of each sub-pixel given the pixel's earlier colours, in nats, exact, [pixels, channels]; a
   * cross-entropy where `isLikelihood` is false.
   * Differentiable in `outputs`, [pixels, outputs of all colours], and in `anchors`.
   * @param targets [pixels, channels], int32, 0 to levels - 1
   * @param anchors [pixels, channels * A], in levels, grouped by colour
   */
  nats(description: D, levels: number, outputs: Tensor2D, targets: Tensor2D, anchors: Tensor2D): Tensor2D;
}
