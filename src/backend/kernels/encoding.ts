import { extent, integer, kernel, numbers } from './description.js';
import { headFields } from './drawing.js';

/**
 * Writes the levels of one image as bytes, from the outputs that a network gave for the whole of it: each sub-pixel by as many bits as the
 * distribution of the head says (native/engine/coding_counts.h), after one another in raster order (native/engine/range_coder.h). The
 * engine reads them back: see `drawing`.
 */
export const encoding = kernel({
  numbers: numbers('EncodingNumbers', {
    ...{ pixels: extent, colours: integer(1, 3), outFeatures: extent, ...headFields, anchorCount: extent },
    /** Of `bytes`: 4 a sub-pixel, and 8, are enough. */
    capacity: extent,
  }),
  inputs: {
    outputs: { shape: ({ pixels, outFeatures }) => [pixels, outFeatures] },
    /** In levels, those of a sub-pixel together. */
    anchors: { shape: ({ pixels, colours, anchorCount }) => [pixels, colours * anchorCount] },
    targets: { type: 'int16_t', shape: ({ pixels, colours }) => [pixels, colours], below: ({ levels }) => levels },
    /** 0: known to who reads them, and not written; null: all are written. */
    written: { type: 'uint8_t', shape: ({ pixels, colours }) => [pixels, colours], optional: true },
  },
  outputs: {
    bytes: { type: 'uint8_t', shape: ({ capacity }) => [capacity] },
    /** How many of them were written; -1 where the outputs are not finite. */
    length: { type: 'int32_t', shape: () => [1] },
    /** Of each sub-pixel: how many of 2^30 counts lie below its level, and how many are the level's; 0 where it is not written. */
    intervals: { type: 'uint32_t', shape: ({ pixels, colours }) => [pixels, colours, 2], optional: true },
  },
});
