import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import { blockMotionPlanes, type BlockMotion } from './block-motion.js';
import { DIFFERENCE_GAIN, type ContextTensors } from './context/context-tensors.js';
import { bindLayers, layerParameters, runTrunk, trunkLayers, type ConvolutionLayer } from './layers.js';
import { WARPED_FRAMES, type WarpedFramesDescription } from './warped-frames-description.js';

/** Gain of the noise plane: the strongest noise in training, 1/8 of half the range of levels, is read as 1. */
const NOISE_GAIN = 8;

function layers(description: WarpedFramesDescription, network: ImageShape): ConvolutionLayer[] {
  const { context, features, halvings, blockMatching } = description;
  const ofFrames = context * network.channels + (context - 1) * network.channels + context + 1;
  const ofMotion = blockMatching ? blockMotionPlanes(description, network) : 0;
  return trunkLayers(WARPED_FRAMES, ofFrames + ofMotion, features, halvings);
}

/** Returns the parameters of the trunk of a conditioning on warped frames. */
export function warpedTrunkParameters(description: WarpedFramesDescription, network: ImageShape): ParameterSpec[] {
  return layers(description, network).flatMap(layerParameters);
}

/** Inputs of the trunk of a conditioning on warped frames. */
export interface WarpedTrunkInputs {
  /** Context frames to warp, with their mask and the noise strength. */
  context: ContextTensors;
  /** Frames of `context`, scaled to -1..1. */
  scaled: readonly Tensor4D[];
  /** Motion that block matching found; null: none is read. */
  blockMotion: BlockMotion | null;
  /** Feature map to add at a quarter of the size (see `runTrunk`); undefined: none is added. */
  recurrent: Tensor4D | undefined;
}

/**
 * Returns the features of context frames, [batch, height, width, features], from which motion is predicted. The trunk
 * reads the scaled frames, their differences, a plane for each frame, 1 if it exists, the noise strength, and the
 * planes of block matching. Call `runWarpedTrunk` within `tf.tidy`.
 * @param weights tensors in the order of `warpedTrunkParameters`
 */
export function runWarpedTrunk(
  description: WarpedFramesDescription,
  network: ImageShape,
  { context, scaled, blockMotion, recurrent }: WarpedTrunkInputs,
  weights: readonly Tensor[],
): Tensor4D {
  const differences = scaled.slice(1).map((frame, k) => tf.mul<Tensor4D>(tf.sub(frame, scaled[k]), DIFFERENCE_GAIN));
  const noise = tf.mul<Tensor4D>(context.noise, (2 * NOISE_GAIN) / (network.levels - 1));
  const inputs = tf.concat([...scaled, ...differences, context.valid, noise, ...(blockMotion?.planes ?? [])], 3);
  return runTrunk(bindLayers(layers(description, network), weights), inputs, recurrent);
}
