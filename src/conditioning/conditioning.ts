import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { EarlierMethod } from '../backend/kernels/index.js';
import type { ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import type { ContextTensors } from './context/context-tensors.js';

/**
 * Inputs of a model besides the image itself: context frames, and the image at the next coarser scale. Values are
 * levels, 0 to levels - 1, as floats.
 */
export interface ConditioningInputs {
  /** Context frames; absent if the model reads none. */
  context?: ContextTensors;
  /** Image at the next coarser scale, [batch, coarse height, coarse width, channels]. */
  coarser?: Tensor4D;
  /**
   * Output `state` of the previous prediction, whose context lacked the last frame; empty for the first prediction.
   * Default: the outputs have no state.
   */
  state?: ConditioningState | undefined;
}

/** State that a conditioning passes on from the prediction of a frame to that of the next one. */
export type ConditioningState = {
  /** State of a GRU after all context frames; undefined: there is no GRU. */
  recurrent?: Tensor4D | undefined;
  /** Block matching of known frames; undefined: there is none. */
  matched?: MatchedPairs | undefined;
};

/** Results of block matching between successive known frames. */
export type MatchedPairs = {
  /** Results of `blockMatching` for each pair, newest pair first, in one batch. */
  pairs: Tensor4D;
  /** Newest known frame, which tells whether the known frames are still the same. */
  newest: Tensor4D;
};

/** Requirements of a network on its conditioning inputs. */
export interface InputRequirements {
  /** Number of context frames; 0: none. */
  context: number;
  /** Relation to the coarser scale, whose image is read; null: none is read. */
  coarser: CoarserScale | null;
}

/** Relation of a scale to the next coarser one. */
export interface CoarserScale {
  /** Subsampling factor, down and across: the coarser pixel (r, c) is this scale's pixel (factor r, factor c). */
  factor: number;
  /**
   * True if the pixels that both scales share are copied from the coarser scale; they are then neither scored nor
   * drawn. False if this scale predicts all its pixels.
   */
  known: boolean;
}

/** Outputs of a conditioning that a network reads. */
export type ConditioningOutputs = {
  /** Feature map, [batch, height, width, features], read by every layer. */
  map: Tensor4D;
  /**
   * Anchors: levels relative to which a head may predict the means of its components, [batch, height, width, channels]
   * each. Empty if there are none.
   */
  anchors: Tensor4D[];
  /**
   * Reference frames that earlier-pixels methods read (see `earlierMethods`), in levels, [batch, height, width,
   * channels] each, newest first. Empty if there are none.
   */
  references: Tensor4D[];
  /** State to pass on to the prediction of the next frame. Undefined unless the inputs have a `state`. */
  state?: ConditioningState | undefined;
};

/**
 * Kind of conditioning: defines the inputs, and computes a feature map, anchors and references from them. The
 * computation uses operations of tfjs and is differentiable in the weights.
 */
export interface Conditioning<D extends { type: string }> {
  /** Schema of the description. */
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Returns the inputs that the conditioning reads. */
  needs(description: D): InputRequirements;
  /** Number of anchors; 0: none. */
  anchors: number;
  /**
   * True if the first anchor is a learned prediction of the image, the expected frame. Training then adds a loss on
   * this anchor.
   */
  learned: boolean;
  /** Returns the number of reference frames, and the earlier-pixels methods that read them; absent: none. */
  earlierPixels?(description: D): { references: number; methods: readonly EarlierMethod[] };
  /** Returns the number of features of the feature map. */
  mapFeatures(description: D): number;
  /** Returns the specifications of the parameters. @param network shape of the network's images */
  parameters(description: D, network: ImageShape): ParameterSpec[];
  /**
   * Computes the outputs from the conditioning inputs. Call `condition` within `tf.tidy`.
   * @param weights tensors in the order of `parameters`
   */
  condition(
    description: D,
    network: ImageShape,
    conditioningInputs: ConditioningInputs,
    weights: readonly Tensor[],
  ): ConditioningOutputs;
}
