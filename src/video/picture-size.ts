import type { Size } from '../frame.js';

/** The size of pictures that keep their aspect, told by their shorter side in pixels. */
export interface ShortSide {
  shortSide: number;
  /** Whether pictures that are smaller are enlarged to it; else they keep their size. Default: they are. */
  enlarge?: boolean;
}

/** How large pictures are wanted: of one size, or at their own aspect. */
export type PictureSize = Size | ShortSide;

/** The size that a picture gets; at its own aspect the longer side is rounded to whole pixels. */
export function sizeFor(wanted: PictureSize, source: Size): Size {
  if (!('shortSide' in wanted)) return wanted;
  const short = Math.min(source.width, source.height);
  const side = wanted.enlarge === false ? Math.min(short, wanted.shortSide) : wanted.shortSide;
  const scaled = (length: number) => (length === short ? side : Math.round((length * side) / short));
  return { width: scaled(source.width), height: scaled(source.height) };
}
