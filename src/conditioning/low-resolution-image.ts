import { z } from 'zod';
import type { ConditioningOutputs, Conditioning } from './conditioning.js';
import { scaleLevels } from './context/context-tensors.js';
import { bindLayers, layerParameters, residual, type ConvolutionLayer } from './layers.js';

const schema = z.strictObject({
  type: z.literal('low-resolution-image'),
  /** Factor from the coarser scale's size to this one's: the coarser pixel (r, c) is the pixel (factor r, factor c). */
  factor: z.int().min(2).max(8),
  /** Number of features of the map; the layers at the coarser size have twice as many. */
  features: z.int().min(1).max(512),
  /**
   * `known`: the pixels shared with the coarser scale are neither scored nor drawn again, and the sum over scales is
   * the exact likelihood. `predicted`: shared pixels are predicted like all others, as in the paper, and the sum is a
   * bound.
   */
  shared: z.enum(['known', 'predicted']),
});

/**
 * Description of a conditioning on the image at the coarser scale: factor, number of features of the map, and treatment
 * of shared pixels.
 * @inline
 */
export type LowResolutionImageDescription = z.infer<typeof schema>;

/** Returns convolutions at the coarser size, a transposed convolution to this size, and the layer of the map. */
function layers({ factor, features }: LowResolutionImageDescription, channels: number): ConvolutionLayer[] {
  const name = (layer: string) => `low-resolution-image.${layer}`;
  const inner = 2 * features;
  return [
    { name: name('coarse'), kernel: 3, from: channels, to: inner, stride: 1 },
    { name: name('coarse.0'), kernel: 3, from: inner, to: inner, stride: 1 },
    { name: name('coarse.1'), kernel: 3, from: inner, to: inner, stride: 1 },
    { name: name('up'), kernel: 2 * factor, from: inner, to: features, stride: factor, transposed: true },
    { name: name('map'), kernel: 3, from: features, to: features, stride: 1 },
  ];
}

/** Conditioning on the same image at the next coarser scale (1601.06759, section 3.6), without anchors. */
export const lowResolutionImage: Conditioning<LowResolutionImageDescription> = {
  schema,
  needs: ({ factor, shared }) => ({ context: 0, coarser: { factor, known: shared === 'known' } }),
  anchors: 0,
  learned: false,
  mapFeatures: ({ features }) => features,
  parameters: (description, { channels }) => layers(description, channels).flatMap(layerParameters),

  condition(description, { size, channels, levels }, given, weights): ConditioningOutputs {
    if (given.coarser === undefined) throw new TypeError('low-resolution-image: no image was given');
    const scaled = scaleLevels({ levels }, given.coarser);
    const [coarse, coarse0, coarse1, up, map] = bindLayers(layers(description, channels), weights);
    const inner = residual(residual(coarse(scaled), coarse0), coarse1);
    return { map: map(up(inner, size)), anchors: [], references: [] };
  },
};
