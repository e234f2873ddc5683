import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../backend/parameters.js';
import { warpedMixture } from '../backend/warp.js';
import type { ImageShape } from '../foundation/levels.js';
import { DIFFERENCE_GAIN, scaleLevels } from './context/context-tensors.js';
import { bindLayers, layerParameters, outputLayerParameters, runOutputLayer, type ConvolutionLayer } from './layers.js';
import { countCandidates } from './learned-motion.js';
import { WARPED_FRAMES, type WarpedFramesDescription } from './warped-frames-description.js';

/** Displacement in pixels of one unit of output, and fraction of half the level range of one unit of residual. */
const FLOW_SCALE = 4;
const RESIDUAL_SCALE = 1 / 8;

/**
 * Returns the mixture of displaced frames: the weighted mean of their pixels, read bilinearly (1506.02025, equation 5),
 * in levels, [batch, height, width, channels]. Call `mixFrames` within `tf.tidy`.
 * @param frames frames to warp, in levels, [batch, height, width, channels] each
 * @param motion displacements and weights of the frames, as `predictMotion` returns them
 */
export function mixFrames(
  description: WarpedFramesDescription,
  { size, channels }: ImageShape,
  frames: readonly Tensor4D[],
  motion: Tensor4D,
): Tensor4D {
  const shape = { frames: frames.length, flows: countCandidates(description), flowScale: FLOW_SCALE };
  const joined = frames.length === 1 ? frames[0] : tf.concat([...frames], 3);
  return warpedMixture({ ...size, channels, ...shape }, joined, motion);
}

/** Returns the layer that makes the feature map from the trunk's features and the mixture. */
function mapLayer({ features }: WarpedFramesDescription, { channels }: ImageShape): ConvolutionLayer {
  return { name: `${WARPED_FRAMES}.moved`, kernel: 3, from: features + 2 * channels, to: features, stride: 1 };
}

/** Returns the parameters of the layer that makes the feature map. */
export function mapParameters(description: WarpedFramesDescription, network: ImageShape): ParameterSpec[] {
  return layerParameters(mapLayer(description, network));
}

/** Returns the parameters of the 1x1 layer from the feature map to the residual of the expected frame. */
export function residualParameters({ features }: WarpedFramesDescription, { channels }: ImageShape): ParameterSpec[] {
  const biases = () => new Float32Array(channels);
  return outputLayerParameters(`${WARPED_FRAMES}.residual`, features, channels, biases);
}

/**
 * Returns the feature map, from the trunk's features, the mixture, and the difference of the mixture from the last
 * frame. Call `mapMixture` within `tf.tidy`.
 * @param features output of `runWarpedTrunk`
 * @param mixture output of `mixFrames`
 * @param last last context frame, scaled to -1..1
 * @param weights tensors in the order of `mapParameters`
 */
export function mapMixture(
  description: WarpedFramesDescription,
  network: ImageShape,
  { features, mixture, last }: { features: Tensor4D; mixture: Tensor4D; last: Tensor4D },
  weights: readonly Tensor[],
): Tensor4D {
  const scaled = scaleLevels(network, mixture);
  const change = tf.mul<Tensor4D>(tf.sub(scaled, last), DIFFERENCE_GAIN);
  const [layer] = bindLayers([mapLayer(description, network)], weights);
  return layer(tf.concat([features, scaled, change], 3));
}

/**
 * Returns the expected frame, in levels: the mixture plus a residual predicted from the feature map. Call `addResidual`
 * within `tf.tidy`.
 * @param weights tensors in the order of `residualParameters`
 */
export function addResidual(
  { levels }: ImageShape,
  mixture: Tensor4D,
  map: Tensor4D,
  weights: readonly Tensor[],
): Tensor4D {
  const half = (levels - 1) / 2;
  return tf.add<Tensor4D>(mixture, tf.mul(runOutputLayer(map, weights), RESIDUAL_SCALE * half));
}
