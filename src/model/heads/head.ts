import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

/** One kind of head: what the network's outputs say of the levels of a pixel's colours. */
export interface Head<D extends { type: string }> {
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Whether the head starts from anchors; then the image's difference to each is an input of the network as well. */
  anchored: boolean;
  /** How the engine turns its outputs into probabilities, by its number in native/engine/drawing.cc. */
  kind: number;
  /** Of one that mixes components, which have a temperature of their own: what the engine needs to know of them. */
  mixture?(description: D): { components: number; meanScale: number; together: boolean };
  /** The most levels that it can tell apart, 2 to 256. */
  maxLevels: number;
  /** Outputs that the head reads for each colour in turn. */
  outputs(description: D, levels: number, channels: number): number[];
  /**
   * -log P(target) in nats of each sub-pixel given the pixel's earlier colours, exact, [pixels, channels];
   * differentiable in the outputs, [pixels, outputs of all colours], and the anchors.
   * @param targets [pixels, channels], int32, 0 to levels - 1
   * @param anchors [pixels, channels * A], in levels, the anchors of a colour together
   */
  nats(description: D, levels: number, outputs: Tensor2D, targets: Tensor2D, anchors: Tensor2D): Tensor2D;
}
