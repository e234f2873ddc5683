import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { EarlierMethod } from '../backend/kernels/index.js';
import type { ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import type { Given, Needs } from './given.js';

/** What crosses from one conditioning into a network. */
export type Condition = {
  /** [batch, height, width, features], read by every layer. */
  map: Tensor4D;
  /** Levels that sub-pixels are expected near, where a mixture starts, [batch, height, width, channels] each. */
  anchors: Tensor4D[];
  /** What known pixels are compared with, in levels, [batch, height, width, channels] each, the newest first. */
  references: Tensor4D[];
};

/** One kind of conditioning: what it reads, and how that becomes a map, anchors and references. Plain tfjs, differentiable in weights. */
export interface Conditioning<D extends { type: string }> {
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  needs(description: D): Needs;
  /** How many anchors it gives; 0: none. */
  anchors: number;
  /** Whether the first of them is learned, as the frame that is expected; then training has a loss on it. */
  learned: boolean;
  /** How many references it gives, and which methods make something of them and of the pixels before each pixel; absent: none. */
  earlierPixels?(description: D): { references: number; methods: readonly EarlierMethod[] };
  mapFeatures(description: D): number;
  /** @param network what the images of the network are made of */
  parameters(description: D, network: ImageShape): ParameterSpec[];
  /** @param weights tensors in the order of `parameters` */
  condition(description: D, network: ImageShape, given: Given, weights: readonly Tensor[]): Condition;
}
