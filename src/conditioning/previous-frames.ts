import { tf } from '../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { ImageShape } from '../foundation/levels.js';
import type { ConditioningOutputs, Conditioning } from './conditioning.js';
import { DIFFERENCE_GAIN, scaleFrames, type ContextTensors } from './context/context-tensors.js';
import { bindLayers, layerParameters, runTrunk, trunkLayers, type ConvolutionLayer } from './layers.js';

const schema = z.strictObject({
  type: z.literal('previous-frames'),
  /** Number of context frames. */
  context: z.int().min(1).max(16),
  /** Number of features of the map; the inner layers have twice as many at half and at quarter size. */
  features: z.int().min(1).max(512),
});

/**
 * Description of a conditioning on unmoved context frames: number of frames, and number of features of the map.
 * @inline
 */
export type PreviousFramesDescription = z.infer<typeof schema>;

const PREFIX = 'previous-frames';

/** Returns the inputs of the trunk: scaled frames, their last difference, and a plane for each, 1 if it exists. */
function inputs(network: ImageShape, context: ContextTensors): Tensor4D {
  const scaled = scaleFrames(network, context);
  const { length } = scaled;
  if (length === 1) return tf.concat([...scaled, context.valid], 3);
  const difference = tf.sub(scaled[length - 1], scaled[length - 2]);
  return tf.concat([...scaled, tf.mul<Tensor4D>(difference, DIFFERENCE_GAIN), context.valid], 3);
}

function layers({ context, features }: PreviousFramesDescription, { channels }: ImageShape): ConvolutionLayer[] {
  return trunkLayers(PREFIX, context * channels + (context > 1 ? channels : 0) + context, features);
}

/**
 * Conditioning on context frames, unmoved (1601.06759, section 3.6, with previous frames in place of the small image).
 * A trunk of convolutions and transposed convolutions makes the feature map. The last frame is the anchor.
 */
export const previousFrames: Conditioning<PreviousFramesDescription> = {
  schema,
  needs: ({ context }) => ({ context, coarser: null }),
  anchors: 1,
  learned: false,
  mapFeatures: (description) => description.features,
  parameters: (description, network) => layers(description, network).flatMap(layerParameters),

  condition(description, network, { context }, weights): ConditioningOutputs {
    if (context === undefined) throw new TypeError('previous-frames: no frames were given');
    const map = runTrunk(bindLayers(layers(description, network), weights), inputs(network, context));
    return { map, anchors: [context.frames[description.context - 1]], references: [] };
  },
};
