import { tf } from '../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Channels, Size } from '../foundation/frame.js';
import type { ModelDescription } from '../model/description.js';
import type { Examples, ExampleShape } from '../conditioning/context/examples.js';
import { describeModel, type NetworkName } from '../model/presets.js';
import { Philox, randomStreams } from '../foundation/philox.js';

/** Network to benchmark: one of the presets, unconditional, with a softmax head. */
export interface BenchNetwork {
  /** Kind of network. */
  network: NetworkName;
  /** Features inside a layer (h in the paper). */
  hidden: number;
  /** Number of layers. */
  layers: number;
  /** Size of the images, in pixels. */
  size: Size;
  channels: Channels;
  /** Number of levels of a sub-pixel. */
  levels: number;
  /** Number of features of the 1x1 layer before the head. */
  headWidth: number;
}

/** Returns the model description of a benchmark network. */
export function describeBenchNetwork({ network, headWidth, ...settings }: BenchNetwork): ModelDescription {
  return describeModel(network, { ...settings, output: [headWidth], head: 'softmax', context: 0 });
}

/** Makes a batch of unconditional examples with random levels. The caller disposes the result. */
export function randomExamples({ size, channels, levels }: ExampleShape, batch: number, seed: bigint): Examples {
  const philox = new Philox(seed);
  const shape: [number, number, number, number] = [batch, size.height, size.width, channels];
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) =>
    Math.floor(philox.uniform(i, 0, 0, randomStreams.sampling) * levels),
  );
  const image: Tensor4D = tf.keep(tf.tensor4d(values, shape));
  return { image, inputImage: image, conditioningInputs: {} };
}
