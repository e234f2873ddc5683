import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { earlierMethods, type WarpShape } from '../backend/kernels/index.js';
import { convolutionWithBias } from '../backend/convolution.js';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import { warpedMixture } from '../backend/warp.js';
import type { ImageShape } from '../foundation/levels.js';
import { gruParameters, gruSchema, runGru } from './conv-gru.js';
import { blockMotion, blockMotionPlanes, type BlockMotion } from './block-motion.js';
import type { Conditioning, ConditioningInputs, ConditioningOutputs, ConditioningState } from './conditioning.js';
import { DIFFERENCE_GAIN, downsampleContext, scaleFrames, type ContextTensors } from './context/context-tensors.js';
import {
  bindLayers,
  DEFAULT_HALVINGS,
  layerParameters,
  MAX_HALVINGS,
  runTrunk,
  trunkLayers,
  unmaskedShape,
  type ConvolutionLayer,
} from './layers.js';

/** Maximum number of context frames that template matching searches. */
const MAX_REFERENCES = 4;

const schema = z
  .strictObject({
    type: z.literal('warped-frames'),
    /** Number of context frames that are warped, the last ones; without `gru`, all of them. */
    context: z.int().min(1).max(16),
    /** Convolutional GRU that reads more context frames (see conv-gru.ts). Default: none. */
    gru: gruSchema.optional(),
    /** Number of features of the map; the inner layers have twice as many at half size and below. */
    features: z.int().min(1).max(512),
    /** Number of displacements at which each frame is read. */
    flows: z.int().min(1).max(8),
    /** True to read each frame unmoved as well. Default: false. */
    still: z.boolean().optional(),
    /** True to warp one more frame: the last one, moved on by block matching. Default: false. */
    blockMatching: z.boolean().optional(),
    /**
     * Number of pairs of successive frames along which that motion is fitted (see `fitTrajectories`). Default: the
     * newest pair alone gives the motion.
     */
    trajectory: z.int().min(2).max(16).optional(),
    /** Number of times that the trunk halves the size. Default: 2. */
    halvings: z.int().min(DEFAULT_HALVINGS).max(MAX_HALVINGS).optional(),
    /** Number of last context frames that template matching searches. Default: none. */
    templateMatching: z.int().min(1).max(MAX_REFERENCES).optional(),
    /**
     * True to regress the image's deviation from the expected frame on known pixels nearby and on the searched frames.
     * Default: false.
     */
    localRegression: z.boolean().optional(),
  })
  .refine(({ blockMatching, context }) => !blockMatching || context > 1, {
    path: ['blockMatching'],
    message: 'must be false where one frame alone is given',
  })
  .refine(({ gru, context }) => gru === undefined || gru.context >= context, {
    path: ['gru', 'context'],
    message: 'must be at least the context that is warped',
  })
  .refine(({ trajectory, blockMatching }) => trajectory === undefined || blockMatching, {
    path: ['trajectory'],
    message: 'must be absent where blockMatching is false',
  })
  .refine(({ trajectory = 0, context, gru }) => trajectory < (gru?.context ?? context), {
    path: ['trajectory'],
    message: 'must be less than the context, as a pair has two frames',
  })
  .refine(({ templateMatching = 0, context }) => templateMatching <= context, {
    path: ['templateMatching'],
    message: 'must be at most as many frames as are given',
  })
  .refine(({ localRegression, templateMatching }) => !localRegression || templateMatching !== undefined, {
    path: ['localRegression'],
    message: 'must be false where templateMatching names no frames',
  });

/**
 * Description of a conditioning on warped context frames: numbers of frames, features and displacements, and options.
 * @inline
 */
export type WarpedFramesDescription = z.infer<typeof schema>;

const PREFIX = 'warped-frames';
/** Displacement in pixels of one unit of output, and fraction of half the level range of one unit of residual. */
const FLOW_SCALE = 4;
const RESIDUAL_SCALE = 1 / 8;
/** Scale of the initial weights of the motion and the residual, relative to an ordinary layer's. */
const FIRST_SCALE = 0.3;
/** Bound of the random initial displacements, in units of output, and initial log-odds in favour of the last frame. */
const FIRST_FLOW = 0.17;
const FIRST_LOGIT = 5;
/** Gain of the noise plane: the strongest noise in training, 1/8 of half the range of levels, is read as 1. */
const NOISE_GAIN = 8;

/** Returns the number of frames to warp: the context frames and, if used, the last one moved on by block matching. */
function movedFrames({ context, blockMatching }: WarpedFramesDescription): number {
  return context + (blockMatching ? 1 : 0);
}

/** Returns the number of candidates of each frame: its displacements and, if used, the unmoved frame. */
function candidatesOf({ flows, still }: WarpedFramesDescription): number {
  return flows + (still ? 1 : 0);
}

function warpShape(description: WarpedFramesDescription, { size, channels }: ImageShape): WarpShape {
  const frames = movedFrames(description);
  const flows = candidatesOf(description);
  return { ...size, channels, frames, flows, flowScale: FLOW_SCALE };
}

function trunk(description: WarpedFramesDescription, network: ImageShape): ConvolutionLayer[] {
  const { context, features, halvings, blockMatching } = description;
  const ofFrames = context * network.channels + (context - 1) * network.channels + context + 1;
  const ofMotion = blockMatching ? blockMotionPlanes(description, network) : 0;
  return trunkLayers(PREFIX, ofFrames + ofMotion, features, halvings);
}

/** Returns the GRU, whose output has as many features as the trunk at a quarter of the size; null: there is none. */
function gruOf({ gru, features }: WarpedFramesDescription, network: ImageShape) {
  return gru === undefined ? null : { ...gru, prefix: PREFIX, outputs: 2 * features, network };
}

/** Returns the layer that makes the feature map from the trunk's features and the warped frames. */
function movedLayer({ features }: WarpedFramesDescription, { channels }: ImageShape): ConvolutionLayer {
  return { name: `${PREFIX}.moved`, kernel: 3, from: features + 2 * channels, to: features, stride: 1 };
}

/** Returns the parameters of 1x1 layers without a ReLU: from the map's features to the motion, and to the residual. */
function outputParameters(description: WarpedFramesDescription, { channels }: ImageShape): ParameterSpec[] {
  const { context, features, flows } = description;
  const frames = movedFrames(description);
  const candidates = candidatesOf(description);
  const displacements = 2 * frames * flows;
  const logits = frames * candidates;
  const ofLastFrame = displacements + (context - 1) * candidates;
  const biases = (uniform: () => number) =>
    Float32Array.from({ length: displacements + logits }, (_, output) => {
      if (output < displacements) return (2 * uniform() - 1) * FIRST_FLOW;
      return output >= ofLastFrame ? FIRST_LOGIT : 0;
    });
  return [
    ...smallLayer(`${PREFIX}.motion`, features, displacements + logits, biases),
    ...smallLayer(`${PREFIX}.residual`, features, channels, () => new Float32Array(channels)),
  ];
}

function smallLayer(name: string, from: number, to: number, biases: ParameterSpec['initialise']): ParameterSpec[] {
  const [weights, bias] = convolutionParameters(name, unmaskedShape(1, from, to));
  return [
    { ...weights, initialise: (uniform) => weights.initialise(uniform).map((value) => FIRST_SCALE * value) },
    { ...bias, initialise: biases },
  ];
}

/** Returns the motion's weights or bias, [..., 2 K F + K (F + 1)], with a zero displacement added for each frame. */
function withStill(description: WarpedFramesDescription, motion: Tensor): Tensor {
  const { flows } = description;
  const frames = movedFrames(description);
  const outputs = motion.shape[motion.rank - 1];
  const count = frames * flows;
  const rows = motion.size / outputs;
  const values = tf.reshape<Rank.R2>(motion, [rows, outputs]);
  const unmoved = tf.zeros<Rank.R2>([rows * frames, 1]);
  // The gradient of a slice pads with zeros, which tfjs does slowly; that of a split joins.
  const [down, right, logits] = tf.split<Tensor2D>(values, [count, count, count + frames], 1);
  const displacements = [down, right].map((ofFrames) => {
    const withZero = tf.concat([tf.reshape<Rank.R2>(ofFrames, [rows * frames, flows]), unmoved], 1);
    return tf.reshape<Rank.R2>(withZero, [rows, count + frames]);
  });
  return tf.reshape(tf.concat([...displacements, logits], 1), [...motion.shape.slice(0, -1), 3 * (count + frames)]);
}

/**
 * Returns the inputs of the trunk: scaled frames, their differences, a plane for each frame, 1 if it exists, the noise
 * strength, and the planes of block matching.
 */
function inputs(
  network: ImageShape,
  context: ContextTensors,
  scaled: readonly Tensor4D[],
  motion: BlockMotion | null,
): Tensor4D {
  const differences = scaled.slice(1).map((frame, k) => tf.mul<Tensor4D>(tf.sub(frame, scaled[k]), DIFFERENCE_GAIN));
  const noise = tf.mul<Tensor4D>(context.noise, (2 * NOISE_GAIN) / (network.levels - 1));
  return tf.concat([...scaled, ...differences, context.valid, noise, ...(motion?.planes ?? [])], 3);
}

/**
 * Conditioning on context frames warped by predicted motion. The network predicts `flows` displacements of each pixel
 * in each frame, and a weight for each. The expected frame is the weighted mean of the displaced pixels (bilinear;
 * 1506.02025, equation 5), plus a predicted residual. The expected frame is the first anchor, the last frame the
 * second. The feature map is computed from the weighted mean and its difference from the last frame, the residual from
 * the map. With `still`, the displacement zero is added in each frame: predicted displacements are never exactly zero,
 * and edges would drift. With `blockMatching`, the last frame extrapolated along its motion is warped too. With `gru`, a convolutional GRU
 * reads more context frames than are warped (see `runGru`), and its features are added to the trunk's. So the network
 * can separate overlapping objects by earlier frames in which they were apart.
 */
export const warpedFrames: Conditioning<WarpedFramesDescription> = {
  schema,
  needs: ({ context, gru }) => ({ context: gru?.context ?? context, coarser: null }),
  anchors: 2,
  learned: true,
  earlierPixels: (description) => ({
    references: description.templateMatching ?? 0,
    methods: earlierMethods.filter((method) => description[method]),
  }),
  mapFeatures: ({ features }) => features,
  parameters(description, network) {
    const gru = gruOf(description, network);
    return [
      ...(gru === null ? [] : gruParameters(gru)),
      ...[...trunk(description, network), movedLayer(description, network)].flatMap(layerParameters),
      ...outputParameters(description, network),
    ];
  },

  condition(description, network, given, weights): ConditioningOutputs {
    const { context } = given;
    if (context === undefined) throw new TypeError('warped-frames: no frames were given');
    const { templateMatching = 0 } = description;
    // Frees intermediate tensors; tfjs keeps those that gradients need.
    const { map, expected, state } = tf.tidy(() => moveFrames(description, network, { ...given, context }, weights));
    // Newest first.
    const references = context.frames.slice(context.frames.length - templateMatching).reverse();
    return { map, anchors: [expected, context.frames[context.frames.length - 1]], references, state };
  },
};

/** Returns the feature map, the expected frame, and the next state if one is given. */
function moveFrames(
  description: WarpedFramesDescription,
  network: ImageShape,
  { context: all, state }: ConditioningInputs & { context: ContextTensors },
  allWeights: readonly Tensor[],
): { map: Tensor4D; expected: Tensor4D; state: ConditioningState | undefined } {
  const gru = gruOf(description, network);
  const weights = allWeights.slice(gru === null ? 0 : gruParameters(gru).length);
  const recurrent = gru && runGru(gru, all, allWeights, state?.recurrent);
  const context = downsampleContext(all, description.context, 1);
  const half = (network.levels - 1) / 2;
  const scaled = scaleFrames(network, context);
  const inTrunk = trunk(description, network);
  const layers = bindLayers([...inTrunk, movedLayer(description, network)], weights);
  const [motionWeights, motionBias, residualWeights, residualBias] = weights.slice(2 * layers.length);
  const withCandidates = (motion: Tensor) => (description.still ? withStill(description, motion) : motion);
  const last = scaled[description.context - 1];
  const matched = description.blockMatching ? blockMotion(network, all, last, description, state?.matched) : null;
  const toScaled = (frame: Tensor4D) => tf.div<Tensor4D>(tf.sub(frame, half), half);
  const given = inputs(network, context, scaled, matched);
  const found = runTrunk(layers.slice(0, inTrunk.length), given, recurrent?.map);
  const motion = outputLayer(found, withCandidates(motionWeights), withCandidates(motionBias));
  const moving = matched === null ? context.frames : [...context.frames, matched.onward];
  const frames = moving.length === 1 ? moving[0] : tf.concat([...moving], 3);
  const moved = warpedMixture(warpShape(description, network), frames, motion);
  const movedScaled = toScaled(moved);
  const change = tf.mul<Tensor4D>(tf.sub(movedScaled, last), DIFFERENCE_GAIN);
  const map = layers[inTrunk.length](tf.concat([found, movedScaled, change], 3));
  const residual = outputLayer(map, residualWeights, residualBias);
  const expected = tf.add<Tensor4D>(moved, tf.mul(residual, RESIDUAL_SCALE * half));
  const next = state && { recurrent: recurrent?.state, matched: matched?.matched };
  return { map, expected, state: next };
}

function outputLayer(x: Tensor4D, weights: Tensor, bias: Tensor): Tensor4D {
  return convolutionWithBias(x, weights as Tensor4D, bias as Tensor1D);
}
