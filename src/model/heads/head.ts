import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

/**
 * Numbers by which kernels make distributions of a head's outputs: see `headFields` in src/backend/kernels/drawing.ts.
 */
export interface HeadNumbers {
  /** Number of the kind of head in native/engine/drawing.cc. */
  headKind: number;
  /** Number of components that are mixed; 0: none. */
  components: number;
  /** Levels that one unit of output moves a component's mean away from its anchor; 0 without components. */
  meanScale: number;
  /** Whether the colours of a pixel choose their component together. */
  together: boolean;
}

/** Numbers of a head that mixes no components. */
export const UNMIXED = { components: 0, meanScale: 0, together: false } as const;

/** One kind of head: how a network's outputs become probabilities of the levels of a pixel's colours. */
export interface Head<D extends { type: string }> {
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Whether the head starts from anchors; then the image's difference to each is an input of the network as well. */
  anchored: boolean;
  /**
   * Whether a lower temperature draws levels closer to the anchors: then samples are by default drawn about the
   * expected frame.
   */
  drawsAboutAnchors: boolean;
  /** Returns the numbers that kernels read of it. */
  numbers(description: D): HeadNumbers;
  /** Largest number of levels, 2 to 256. */
  maxLevels: number;
  /** Returns the number of outputs that the head reads for each colour in turn. */
  outputs(description: D, levels: number, channels: number): number[];
  /**
   * Returns -log P(target) in nats of each sub-pixel given the pixel's earlier colours, exact, [pixels, channels];
   * differentiable in the outputs, [pixels, outputs of all colours], and the anchors.
   * @param targets [pixels, channels], int32, 0 to levels - 1
   * @param anchors [pixels, channels * A], in levels, the anchors of a colour together
   */
  nats(description: D, levels: number, outputs: Tensor2D, targets: Tensor2D, anchors: Tensor2D): Tensor2D;
}
