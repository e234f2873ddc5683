import { tf } from '../../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { readEarlierPixels } from '../../backend/earlier-pixels.js';
import { earlierMethods, type EarlierMethod, type EarlierPixelsShape } from '../../backend/kernels/index.js';
import { getConditioning, type ConditioningOutputs } from '../../conditioning/index.js';
import { subPixelScale, type NetworkDescription } from '../description.js';
import type { EarlierPixels } from './earlier-pixels.js';
import { localRegression } from './local-regression.js';
import { templateMatching } from './template-matching.js';

export type { EarlierTap } from './earlier-pixels.js';

/** Every method; a new one is a file and a line here. */
const methods: Readonly<Record<EarlierMethod, EarlierPixels>> = { templateMatching, localRegression };

/** The layers that read what is made of earlier pixels, by the layers that they are added to. */
export const EARLIER_LAYERS = { first: 'first.matched', head: 'head.matched' } as const;

/** The methods of a network, in the order in which it reads them, and what they are given; of no references: it has none. */
function earlierOf({ size, channels, levels, conditioning }: NetworkDescription) {
  const offered = conditioning.flatMap((given) => getConditioning(given).earlierPixels?.(given) ?? []);
  const shape: EarlierPixelsShape = {
    ...{ ...size, channels, highest: levels - 1, gain: subPixelScale({ levels }).gain },
    references: offered.reduce((sum, { references }) => sum + references, 0),
  };
  const used = earlierMethods.filter((method) => offered.some((one) => one.methods.includes(method)));
  return { shape, used: used.map((method) => methods[method]) };
}

/** Features that a network reads of what is made of the pixels before each pixel; 0: nothing is. */
export function earlierFeatures(description: NetworkDescription): number {
  const { shape, used } = earlierOf(description);
  return used.reduce((sum, method) => sum + method.features(shape), 0);
}

/** The pixels that these are made of, as seen from a pixel; null: all before it. */
export function earlierTaps(description: NetworkDescription): EarlierPixels['taps'] {
  const taps = earlierOf(description).used.map((method) => method.taps);
  return taps.includes(null) ? null : taps.flatMap((some) => some ?? []);
}

/** Bytes that the engine takes of an image for them, while it is drawn: those of the methods, and the references. */
export function earlierBytes(description: NetworkDescription): number {
  const { shape, used } = earlierOf(description);
  const given = Float32Array.BYTES_PER_ELEMENT * shape.height * shape.width * shape.references * shape.channels;
  return used.reduce((sum, method) => sum + method.bytes(shape), given);
}

/** What a drawing's numbers say of them: see kernels/drawing.ts. */
export function earlierNumbers(description: NetworkDescription): { references: number; earlier: number } {
  const { shape, used } = earlierOf(description);
  const earlier = used.reduce((bits, { type }) => bits | (1 << earlierMethods.indexOf(type)), 0);
  return { references: shape.references, earlier };
}

/** The pictures that an image is looked for in, side by side: [batch, height, width, references * channels]. */
export function joinedReferences(references: readonly Tensor4D[]): Tensor4D {
  return tf.concat([...references], 3);
}

/**
 * What is made of the pixels before each pixel of whole images, [batch, height, width, `earlierFeatures`]; null for a
 * network without any. Differentiable in the anchor.
 * @param image [batch, height, width, channels], in levels
 * @param earlierPixels [batch, 1, 1, 1], 0 for examples of which nothing is made: they read what says so; null: of all
 */
export function earlierInput(
  description: NetworkDescription,
  image: Tensor4D,
  { anchors: [expected], references }: Pick<ConditioningOutputs, 'anchors' | 'references'>,
  earlierPixels: Tensor4D | null = null,
): Tensor4D | null {
  const { shape, used } = earlierOf(description);
  if (used.length === 0) return null;
  const inputs = { image, expected, references: joinedReferences(references), searched: earlierPixels };
  const parts = used.map(({ type }) => readEarlierPixels(type, shape, inputs));
  return parts.length === 1 ? parts[0] : tf.concat(parts, 3);
}
