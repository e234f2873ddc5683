import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { MixtureNumbers } from '../../backend/kernels/heads.js';
import type { Channels } from '../../foundation/frame.js';

/** Settings of a network that the preset of a head depends on. */
export interface HeadChoices {
  /** Number of channels of an image. */
  channels: Channels;
  /** Number of levels of a sub-pixel. */
  levels: number;
  /** Number of context frames; 0: none; undefined: the default of their conditioning. */
  context?: number | undefined;
  /** `together`: one mixture component for all colours of a pixel; `apart`: one for each. */
  colours?: 'apart' | 'together' | undefined;
}

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
  /** Returns the description of the head for the settings of a network. */
  preset(choices: HeadChoices): D;
  /** Returns the scalar arguments of the head's mixture; absent: there is none. */
  mixture?(description: D): MixtureNumbers;
  /**
   * Returns -log P(target) of each sub-pixel given the pixel's earlier colours, in nats, exact, [pixels, channels]; a
   * cross-entropy where `isLikelihood` is false.
   * Differentiable in `outputs`, [pixels, outputs of all colours], and in `anchors`.
   * @param targets [pixels, channels], int32, 0 to levels - 1
   * @param anchors [pixels, channels * A], in levels, grouped by colour
   */
  nats(description: D, levels: number, outputs: Tensor2D, targets: Tensor2D, anchors: Tensor2D): Tensor2D;
}
