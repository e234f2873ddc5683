import type { Size } from '../foundation/frame.js';

/** The size of pictures that keep their aspect, told by their shorter side in pixels. */
export interface ShortSide {
  /** Length of the shorter side, in pixels. */
  shortSide: number;
  /** Whether pictures that are smaller are enlarged to it; else they keep their size. Default: they are. */
  enlarge?: boolean;
}

/** The size of pictures that keep their aspect: the largest inside this one, as between the bars of a letterbox. */
export interface Within {
  /** The largest width and height, in pixels. */
  within: Size;
}

/** How large pictures are wanted: of one size, or at their own aspect. */
export type TargetSize = Size | ShortSide | Within;

/** Whether all pictures get one size, whatever their aspect. */
export function isFixedSize(wanted: TargetSize): wanted is Size {
  return 'width' in wanted;
}

/** The size that a picture gets; at its own aspect one side is rounded to whole pixels, to one at least. */
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
