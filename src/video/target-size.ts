import type { Size } from '../foundation/frame.js';

/** Target size by the shorter side, at each frame's own aspect ratio. @inline */
export interface ShortSide {
  /** Length of the shorter side, in pixels. */
  shortSide: number;
  /** True to enlarge smaller frames; false to keep their size. Default: true. */
  enlarge?: boolean;
}

/** Target size at each frame's own aspect ratio: the largest that fits into a box, as in a letterbox. @inline */
export interface Within {
  /** Maximum width and height, in pixels. */
  within: Size;
}

/** Target size of frames: a fixed size, or a size at each frame's own aspect ratio. */
export type TargetSize = Size | ShortSide | Within;

/** Returns true if `wanted` has a `width`, as a fixed size does, whatever the frames' aspect ratio. */
export function isFixedSize(wanted: TargetSize): wanted is Size {
  return 'width' in wanted;
}

/**
 * Returns the size in pixels to which a frame of size `source` is scaled. If the aspect ratio is kept, sides are
 * rounded to whole pixels.
 */
export function resolveSize(wanted: TargetSize, source: Size): Size {
  if (isFixedSize(wanted)) return wanted;
  if ('within' in wanted) return sizeWithin(wanted.within, source);
  const short = Math.min(source.width, source.height);
  const side = wanted.enlarge === false ? Math.min(short, wanted.shortSide) : wanted.shortSide;
  const scaled = (length: number) => (length === short ? side : Math.round((length * side) / short));
  return { width: scaled(source.width), height: scaled(source.height) };
}

function sizeWithin({ width, height }: Size, source: Size): Size {
  const scaled = (length: number, side: number, whole: number) => Math.max(1, Math.round((length * side) / whole));
  return source.width * height >= source.height * width
    ? { width, height: scaled(source.height, width, source.width) }
    : { width: scaled(source.width, height, source.height), height };
}
