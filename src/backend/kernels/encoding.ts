import { extent, integer, kernel, scalarArguments } from './description.js';
import { headFields, headLimits } from './heads.js';

/**
 * Kernel that encodes the levels of one image, `targets`, as bytes, given the network's outputs for the whole image. A
 * range coder (native/engine/range_coder.h) codes sub-pixels in raster order with the head's probabilities
 * (native/engine/coding_counts.h). Sub-pixels with a 0 in `written` are skipped; if null, none is. `length` receives
 * the number of bytes, -1 if the outputs are not finite. `drawing` decodes the bytes.
 */
export const encoding = kernel({
  numbers: scalarArguments('EncodingNumbers', {
    pixels: extent,
    colours: integer(1, 3),
    outFeatures: extent,
    ...headFields,
    anchorCount: extent,
    /** Length of `bytes`: at least 4 a sub-pixel plus 8. */
    capacity: extent,
  }),
  inputs: {
    outputs: { shape: ({ pixels, outFeatures }) => [pixels, outFeatures] },
    /** Anchors, in levels, those of a sub-pixel side by side. */
    anchors: { shape: ({ pixels, colours, anchorCount }) => [pixels, colours * anchorCount] },
    targets: { type: 'int16_t', shape: ({ pixels, colours }) => [pixels, colours], below: ({ levels }) => levels },
    /** 0: skipped, as the decoder knows the level; null: all levels are written. */
    written: { type: 'uint8_t', shape: ({ pixels, colours }) => [pixels, colours], optional: true },
  },
  outputs: {
    bytes: { type: 'uint8_t', shape: ({ capacity }) => [capacity] },
    /** Number of bytes written; -1 if the outputs are not finite. */
    length: { type: 'int32_t', shape: () => [1] },
    /**
     * Interval of each sub-pixel: number of the 2^30 counts below its level, and number of the level's counts; 0 if
     * skipped.
     */
    intervals: { type: 'uint32_t', shape: ({ pixels, colours }) => [pixels, colours, 2], optional: true },
  },
  limits: (of) => ({
    ...headLimits(of),
    'bytes beyond 4 a sub-pixel and 8': of.capacity - (4 * of.pixels * of.colours + 8),
  }),
});
