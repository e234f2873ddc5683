import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { earlierMethods } from '../backend/kernels/index.js';
import type { ImageShape } from '../foundation/levels.js';
import { blockMotion } from './block-motion.js';
import type { Conditioning, ConditioningOutputs, ConditioningState } from './conditioning.js';
import { downsampleContext, scaleFrames, type ContextTensors } from './context/context-tensors.js';
import { gruParameters, runGru } from './conv-gru.js';
import { addResidual, mapMixture, mapParameters, mixFrames, residualParameters } from './frame-mixing.js';
import { motionParameters, predictMotion } from './learned-motion.js';
import { WARPED_FRAMES, warpedFramesSchema, type WarpedFramesDescription } from './warped-frames-description.js';
import { runWarpedTrunk, warpedTrunkParameters } from './warped-trunk.js';

/**
 * Conditioning on context frames warped by predicted motion, in three steps. A trunk makes features of the context
 * frames. From these, `flows` displacements of each pixel in each frame are predicted, and a weight for each. The
 * expected frame is the weighted mean of the displaced pixels plus a predicted residual. The expected frame is the
 * first anchor, the last frame the second. With `still`, the displacement zero is added in each frame: predicted
 * displacements are never exactly zero, and edges would drift. With `blockMatching`, the last frame extrapolated along
 * its motion is warped too. With `gru`, a convolutional GRU reads more context frames than are warped (see `runGru`),
 * and its features are added to the trunk's. So the network can separate overlapping objects by earlier frames in which
 * they were apart.
 */
export const warpedFrames: Conditioning<WarpedFramesDescription> = {
  schema: warpedFramesSchema,
  needs: ({ context, gru }) => ({ context: gru?.context ?? context, coarser: null }),
  anchors: 2,
  learned: true,
  earlierPixels: (description) => ({
    references: description.templateMatching ?? 0,
    methods: earlierMethods.filter((method) => description[method]),
  }),
  mapFeatures: ({ features }) => features,
  parameters: (description, network) => Object.values(parametersByPart(description, network)).flat(),

  condition(description, network, { context, state }, weights): ConditioningOutputs {
    if (context === undefined) throw new TypeError('warped-frames: no frames were given');
    const { templateMatching = 0 } = description;
    // Frees intermediate tensors; tfjs keeps those that gradients need.
    const { map, expected, next } = tf.tidy(() => expectFrame(description, network, context, state, weights));
    // Newest first.
    const references = context.frames.slice(context.frames.length - templateMatching).reverse();
    return { map, anchors: [expected, context.frames[context.frames.length - 1]], references, state: next };
  },
};

/** Returns the GRU, whose output has as many features as the trunk at a quarter of the size; null: there is none. */
function gruOf({ gru, features }: WarpedFramesDescription, network: ImageShape) {
  return gru === undefined ? null : { ...gru, prefix: WARPED_FRAMES, outputs: 2 * features, network };
}

/** Returns the parameters of each part of the conditioning, in the order of the model file. */
function parametersByPart(description: WarpedFramesDescription, network: ImageShape) {
  const gru = gruOf(description, network);
  return {
    gru: gru === null ? [] : gruParameters(gru),
    trunk: warpedTrunkParameters(description, network),
    map: mapParameters(description, network),
    motion: motionParameters(description),
    residual: residualParameters(description, network),
  };
}

/** Returns the weights of each part of the conditioning. */
function weightsByPart(description: WarpedFramesDescription, network: ImageShape, weights: readonly Tensor[]) {
  const parts = Object.entries(parametersByPart(description, network));
  let used = 0;
  const split = parts.map(([part, { length }]) => [part, weights.slice(used, (used += length))]);
  return Object.fromEntries(split) as Record<keyof ReturnType<typeof parametersByPart>, Tensor[]>;
}

/** Returns the feature map, the expected frame, and the next state if one is given. */
function expectFrame(
  description: WarpedFramesDescription,
  network: ImageShape,
  all: ContextTensors,
  state: ConditioningState | undefined,
  weights: readonly Tensor[],
): { map: Tensor4D; expected: Tensor4D; next: ConditioningState | undefined } {
  const parts = weightsByPart(description, network, weights);
  const gru = gruOf(description, network);
  const recurrent = gru && runGru(gru, all, parts.gru, state?.recurrent);
  const context = downsampleContext(all, description.context, 1);
  const scaled = scaleFrames(network, context);
  const last = scaled[scaled.length - 1];
  const matched = description.blockMatching ? blockMotion(network, all, last, description, state?.matched) : null;

  const given = { context, scaled, blockMotion: matched, recurrent: recurrent?.map };
  const features = runWarpedTrunk(description, network, given, parts.trunk);
  const motion = predictMotion(description, features, parts.motion);
  const frames = matched === null ? context.frames : [...context.frames, matched.onward];
  const mixture = mixFrames(description, network, frames, motion);

  const map = mapMixture(description, network, { features, mixture, last }, parts.map);
  const expected = addResidual(network, mixture, map, parts.residual);
  const next = state && { recurrent: recurrent?.state, matched: matched?.matched };
  return { map, expected, next };
}
