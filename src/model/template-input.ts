import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { templateCosts, templateFeatures, type TemplateMatchingShape } from '../backend/kernels/index.js';
import { templateMatching, TEMPLATES } from '../backend/template-matching.js';
import { conditioningOf, type Condition } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import { subPixelScale } from './image-input.js';

/** The templates of a network, and the pictures that they are looked for in; null where it has none. */
export function templateShape(description: NetworkDescription): TemplateMatchingShape | null {
  const { size, channels, levels, conditioning } = description;
  const references = conditioning.reduce((sum, given) => sum + conditioningOf(given).references(given), 0);
  return references === 0 ? null : { ...size, channels, references, ...TEMPLATES, ...templateCosts(channels, levels) };
}

/** Features that a network reads of what template matching finds of each pixel; 0: it has none. */
export function templateInputFeatures(description: NetworkDescription): number {
  const shape = templateShape(description);
  return shape === null ? 0 : shape.references * templateFeatures(shape);
}

/** The pictures that an image is looked for in, side by side: [batch, height, width, references * channels]. */
export function joinedReferences(references: readonly Tensor4D[]): Tensor4D {
  return tf.concat([...references], 3);
}

/**
 * What template matching finds of each pixel of whole images, as a network reads it. The pictures found, less the first
 * anchor, and the spread are multiplied by `subPixelScale`'s gain and by the square of how well the surroundings fit. The
 * costs are as they are. So what was found beside surroundings that fit nowhere, as where something was drawn wrong, counts for
 * little. Differentiable in the anchor.
 *
 * @param image [batch, height, width, channels], in levels
 * @param sought [batch, 1, 1, 1], 0 for examples of which nothing is looked for: they read what stands where nothing fits; null: all
 *   are looked for
 * @returns [batch, height, width, `templateInputFeatures`]; null for a network without templates
 */
export function templateInput(
  description: NetworkDescription,
  image: Tensor4D,
  { anchors, references }: Pick<Condition, 'anchors' | 'references'>,
  sought: Tensor4D | null = null,
): Tensor4D | null {
  const shape = templateShape(description);
  if (shape === null) return null;
  const { gain } = subPixelScale(description);
  const operation = tf.customGrad<Tensor4D>((...args) => {
    const [anchor, save] = args as unknown as [Tensor4D, (tensors: Tensor[]) => void];
    const found = templateMatching(shape, image, joinedReferences(references));
    const read = readOfImages(shape, gain, found, anchor, sought);
    save([read]);
    const gradFunc = (dOut: Tensor, saved: unknown) => {
      const [read] = saved as Tensor4D[];
      return anchorGradient(shape, gain, read, dOut as Tensor4D);
    };
    return { value: read, gradFunc };
  });
  return operation(anchors[0]);
}

/** Of whole images what `scaleTemplateInput` makes of each pixel. */
function readOfImages(
  shape: TemplateMatchingShape,
  gain: number,
  found: Tensor4D,
  anchor: Tensor4D,
  sought: Tensor4D | null,
): Tensor4D {
  const values = found.dataSync<'float32'>().slice();
  const pixel = { anchors: anchor.dataSync<'float32'>(), anchorsAt: 0, anchorCount: 1 };
  const features = found.shape[3];
  const length = found.size / found.shape[0];
  const isSought = sought?.dataSync();
  for (let at = 0, example = 0; at < values.length; at += length, example++) {
    if (isSought?.[example] === 0) {
      writeNothingFound(shape, values.subarray(at, at + length));
      continue;
    }
    for (let pixelAt = at; pixelAt < at + length; pixelAt += features) {
      pixel.anchorsAt = (pixelAt / features) * shape.channels;
      scaleTemplateInput(shape, gain, pixel, values, pixelAt);
    }
  }
  return tf.tensor4d(values, found.shape);
}

/** d anchor = -gain sum over references of fits (d mean + d best), where fits is (1 - cost)^2: 0 where nothing is looked for. */
function anchorGradient(shape: TemplateMatchingShape, gain: number, read: Tensor4D, dOut: Tensor4D): Tensor4D {
  const { channels } = shape;
  const features = templateFeatures(shape);
  const [values, dValues] = [read, dOut].map((tensor) => tensor.dataSync<'float32'>());
  const gradient = new Float32Array((values.length / read.shape[3]) * channels);
  for (let at = 0, to = 0; at < values.length; to += channels) {
    for (const next = at + read.shape[3]; at < next; at += features) {
      const fit = 1 - values[at + 2 * channels + 1];
      const moves = -gain * fit * fit;
      for (let k = 0; k < channels; k++) gradient[to + k] += moves * (dValues[at + k] + dValues[at + channels + k]);
    }
  }
  return tf.tensor4d(gradient, [read.shape[0], shape.height, shape.width, channels]);
}

/** What is read of all pixels of an image of which nothing is looked for. */
export function writeNothingFound(shape: TemplateMatchingShape, values: Float32Array): void {
  const features = templateFeatures(shape);
  values.fill(0);
  for (let at = 2 * shape.channels + 1; at < values.length; at += features) values[at] = 1;
}

/**
 * The same of one pixel, in place, each step rounded to float32.
 *
 * @param gain see `subPixelScale`
 * @param values what `TemplateMatcher.match` wrote from `offset` on
 */
export function scaleTemplateInput(
  { channels, references }: TemplateMatchingShape,
  gain: number,
  { anchors, anchorsAt, anchorCount }: { anchors: Float32Array; anchorsAt: number; anchorCount: number },
  values: Float32Array,
  offset: number,
): void {
  const pictures = 2 * channels;
  for (let reference = 0, at = offset; reference < references; reference++, at += templateFeatures({ channels })) {
    const fit = Math.fround(1 - values[at + pictures + 1]);
    const fits = Math.fround(fit * fit);
    for (let k = 0; k <= pictures; k++) {
      const anchor = k < pictures ? anchors[anchorsAt + (k % channels) * anchorCount] : 0;
      values[at + k] = Math.fround(Math.fround(values[at + k] - anchor) * gain) * fits;
    }
  }
}
