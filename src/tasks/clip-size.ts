import type { Model } from '../model/checkpoint.js';
import { isFixed, type ClipOptions, type Fit, type PictureSize, type ShortSide } from '../video/index.js';

/** How large the frames of clips are wanted. */
export interface AskedSize {
  /** One size for all clips, or one for each at its own aspect. */
  size?: PictureSize | undefined;
  /** How a clip of another aspect is brought to one size. Default: `crop`. */
  fit?: Fit | undefined;
}

/** A clip's own aspect, with the shorter side of the model's images. */
export function ownAspect({ chain }: Model): ShortSide {
  const { width, height } = chain.exampleShape.size;
  return { shortSide: Math.min(width, height) };
}

/** How clips are read. At their own aspect nothing is cut off, though a side is rounded to whole pixels. */
export function framing({ size, fit = 'crop' }: AskedSize, byDefault: PictureSize): Pick<ClipOptions, 'size' | 'fit'> {
  const wanted = size ?? byDefault;
  return { size: wanted, fit: isFixed(wanted) ? fit : 'stretch' };
}
