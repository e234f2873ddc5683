import {
  count,
  double,
  extent,
  integer,
  kernel,
  perPixel,
  scalarArguments,
  single,
  type ValuesOf,
} from './description.js';
import { headFields, headLimits } from './heads.js';

const call = scalarArguments('DrawingNumbers', {
  batch: count,
  height: extent,
  width: extent,
  colours: integer(1, 3),
  mapFeatures: count,
  outFeatures: extent,
  ...headFields,
  /** Number of anchors of a sub-pixel. */
  anchorCount: extent,
  /** Scaling of levels to network inputs: (level - middle) / middle, and (level - anchor) * gain for each anchor. */
  middle: single,
  gain: single,
  /** Sampling temperature: see `FrameSettings`. */
  temperature: double,
  /** Maximum standard deviation of a mixture, in levels; infinite: unlimited. See `FrameSettings`. */
  maxDeviation: double,
  /** Fraction of a drawn sub-pixel's deviation from its first anchor that later sub-pixels read; 1: all. */
  carryWithin: single,
  /**
   * Earlier pixels: number of reference frames (0: none), and a bit mask of methods, bit k for the kth of
   * `earlierMethods`.
   */
  references: count,
  earlier: count,
  /** Bytes in `stream`. */
  streamBytes: count,
});
type Call = ValuesOf<typeof call>;

/**
 * Kernel that draws or decodes a batch of images with the engine, sub-pixel after sub-pixel: see
 * native/engine/drawing.h. `levels` is input and output: known levels are kept, and -1 is replaced. If `stream` is
 * null, each level is drawn from the distribution that the head predicts, with random numbers of `key` and `counters`.
 * Otherwise, each level is decoded from `stream`. `nats`, 0 before the call, receives -log P of each image's drawn
 * levels at temperature 1. Arrays are [image, height, width, colour] if no other shape is given.
 */
export const drawing = kernel({
  numbers: call,
  inputs: {
    map: { ...perPixel((of: Call) => of.mapFeatures), optional: true },
    /** Anchors, in levels, those of a sub-pixel side by side; null: the middle level everywhere. */
    anchors: { ...perPixel((of: Call) => of.colours * of.anchorCount), optional: true },
    /** Reference frames, in levels; null: no earlier-pixels search. */
    references: { ...perPixel((of: Call) => of.references * of.colours), optional: true },
    /** Philox key: the seed. */
    key: { type: 'uint32_t', shape: () => [2] },
    /** Philox counter of each image: words 0 and 1, and the stream number, to which word 3 adds the colour. */
    counters: { type: 'uint32_t', shape: ({ batch }) => [batch, 3] },
    /** Bytes that `encoding` wrote for one image, from which levels are decoded; null: levels are drawn. */
    stream: { type: 'uint8_t', shape: ({ streamBytes }) => [streamBytes], optional: true },
  },
  outputs: {
    /** Input and output: a known level, or -1 for a level to draw or decode. */
    levels: { type: 'int16_t', ...perPixel((of: Call) => of.colours) },
    /** Input 0, output -log P of the drawn levels of each image. */
    nats: { type: 'double', shape: ({ batch }) => [batch] },
    /** Outputs of the network that the head reads, colour after colour. */
    outputs: { ...perPixel((of: Call) => of.outFeatures), optional: true },
    /**
     * Probability of each level of every sub-pixel. That of a mixture is at the sampling temperature, or at 1 if this
     * is 0, and at most `maxDeviation` wide; that of another head is at temperature 1.
     */
    probabilities: { type: 'double', ...perPixel((of: Call) => of.colours * of.levels), optional: true },
  },
  limits: headLimits,
});
