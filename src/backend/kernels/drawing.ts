import {
  count,
  double,
  extent,
  flag,
  integer,
  kernel,
  numbers,
  perPixel,
  single,
  type ValuesOf,
} from './description.js';

/** Numbers of a head: see `HeadNumbers` in src/model/heads/head.ts. */
export const headFields = {
  ...{ headKind: integer(0, 255), levels: integer(2, 256), components: integer(0, 32) },
  ...{ meanScale: double, together: flag },
};

const call = numbers('DrawingNumbers', {
  ...{ batch: count, height: extent, width: extent, colours: integer(1, 3), mapFeatures: count, outFeatures: extent },
  ...headFields,
  /** Anchors of a sub-pixel. */
  anchorCount: count,
  /** What is read of a level: (level - middle) / middle, and for each anchor (level - anchor) * gain. */
  ...{ middle: single, gain: single },
  /** As `FrameSettings` has it. */
  temperature: double,
  /** Share of a drawn sub-pixel beyond its first anchor that is read after it; 1: all. */
  carryWithin: single,
  /** What is made of earlier pixels: pictures to look in, 0: none; and bit k for the kth of `earlierMethods`. */
  ...{ references: count, earlier: count },
  /** Of `stream`. */
  streamBytes: count,
});
type Call = ValuesOf<typeof call>;

/**
 * A batch of images that the engine draws from a program, sub-pixel after sub-pixel, each from the distribution that the head makes
 * of the outputs, or as a stream says: see native/engine/drawing.h. Arrays are [image, height, width, colour] where nothing else is said.
 */
export const drawing = kernel({
  numbers: call,
  inputs: {
    map: { ...perPixel((of: Call) => of.mapFeatures), optional: true },
    /** Those of a sub-pixel together, in levels; null: the middle level everywhere. */
    anchors: { ...perPixel((of: Call) => of.colours * of.anchorCount), optional: true },
    /** In levels; null: nothing is searched for. */
    references: { ...perPixel((of: Call) => of.references * of.colours), optional: true },
    /** The seed. */
    key: { type: 'uint32_t', shape: () => [2] },
    /** Of the random numbers of an image: words 0 and 1, and what word 3 has beyond the colour. */
    counters: { type: 'uint32_t', shape: ({ batch }) => [batch, 3] },
    /** What `encoding` has written of one image: levels are read from it; null: they are drawn. */
    stream: { type: 'uint8_t', shape: ({ streamBytes }) => [streamBytes], optional: true },
  },
  outputs: {
    /** Given and written: a level, known beforehand, or -1: drawn or read. */
    levels: { type: 'int16_t', ...perPixel((of: Call) => of.colours) },
    /** Given as 0: -log P of what was drawn of an image. */
    nats: { type: 'double', shape: ({ batch }) => [batch] },
    /** What the head reads, the colours' outputs one after another. */
    outputs: { ...perPixel((of: Call) => of.outFeatures), optional: true },
    /** Of each level of every sub-pixel; of a mixture at the temperature that is drawn at, of other heads at 1. */
    probabilities: { type: 'double', ...perPixel((of: Call) => of.colours * of.levels), optional: true },
  },
});
