import { tf } from '../../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { readEarlierPixels } from '../../backend/earlier-pixels.js';
import { earlierMethods, type EarlierMethod, type EarlierPixelsShape } from '../../backend/kernels/index.js';
import { getConditioning, type ConditioningOutputs } from '../../conditioning/index.js';
import { subPixelScale, type NetworkDescription } from '../description.js';
import type { EarlierPixels } from './earlier-pixels.js';
import { localRegression } from './local-regression.js';
import { templateMatching } from './template-matching.js';

/** Registry of all methods; a new one is a file and a line here. */
const methods: Readonly<Record<EarlierMethod, EarlierPixels>> = { templateMatching, localRegression };

/**
 * Names of the 1x1 convolutions that read the features of earlier pixels. `first` adds to the output of the first
 * layer, `head` to the inputs of the head.
 */
export const EARLIER_PIXEL_LAYERS = { first: 'first.matched', head: 'head.matched' } as const;

/**
 * Returns the methods of a network, in the order in which it reads them, and the shape of their inputs. A network
 * without references has no methods.
 */
function earlierOf({ size, channels, levels, conditioning }: NetworkDescription) {
  const offered = conditioning.flatMap((given) => getConditioning(given).earlierPixels?.(given) ?? []);
  const shape: EarlierPixelsShape = {
    ...size,
    channels,
    highest: levels - 1,
    gain: subPixelScale({ levels }).gain,
    references: offered.reduce((sum, { references }) => sum + references, 0),
  };
  const used = earlierMethods.filter((method) => offered.some((one) => one.methods.includes(method)));
  return { shape, used: used.map((method) => methods[method]) };
}

/** Returns the number of features of earlier pixels that a network reads for each pixel; 0: none. */
export function countEarlierFeatures(description: NetworkDescription): number {
  const { shape, used } = earlierOf(description);
  return used.reduce((sum, method) => sum + method.features(shape), 0);
}

/**
 * Returns the bytes that the engine holds for features of earlier pixels while one image is drawn: the state of the
 * methods, and the reference frames.
 */
export function earlierBytes(description: NetworkDescription): number {
  const { shape, used } = earlierOf(description);
  const given = Float32Array.BYTES_PER_ELEMENT * shape.height * shape.width * shape.references * shape.channels;
  return used.reduce((sum, method) => sum + method.bytes(shape), given);
}

/**
 * Returns the arguments about earlier pixels of the drawing kernel (kernels/drawing.ts). `references` is the number of
 * reference frames; bit k of `earlier` is 1 if the network uses the k-th of `earlierMethods`.
 */
export function earlierNumbers(description: NetworkDescription): { references: number; earlier: number } {
  const { shape, used } = earlierOf(description);
  const earlier = used.reduce((bits, { type }) => bits | (1 << earlierMethods.indexOf(type)), 0);
  return { references: shape.references, earlier };
}

/**
 * Returns the features of earlier pixels of whole images, [batch, height, width, features], with `countEarlierFeatures`
 * features; null for a network without methods. Differentiable in the first anchor, the expected frame. Call
 * `computeEarlierFeatures` within `tf.tidy`.
 * @param image images in levels, [batch, height, width, channels]
 * @param earlierPixels mask, [batch, 1, 1, 1]: 0 for examples that read the features of no match, else 1; null: all 1
 */
export function computeEarlierFeatures(
  description: NetworkDescription,
  image: Tensor4D,
  { anchors: [expected], references }: Pick<ConditioningOutputs, 'anchors' | 'references'>,
  earlierPixels: Tensor4D | null = null,
): Tensor4D | null {
  const { shape, used } = earlierOf(description);
  if (used.length === 0) return null;
  const inputs = { image, expected, references: tf.concat([...references], 3), searched: earlierPixels };
  const parts = used.map(({ type }) => readEarlierPixels(type, shape, inputs));
  return parts.length === 1 ? parts[0] : tf.concat(parts, 3);
}
