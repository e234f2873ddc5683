import type { EarlierMethod, EarlierPixelsShape } from '../../backend/kernels/index.js';

/** A pixel before the one in hand in raster order: so many rows down and columns to the right. */
export interface EarlierTap {
  dy: number;
  dx: number;
}

/** One method that makes something of the pixels before each pixel of an image. Its kernel, which has its name, says what it computes. */
export interface EarlierPixels {
  type: EarlierMethod;
  /** Features of a pixel that a network reads. */
  features(shape: EarlierPixelsShape): number;
  /** The pixels that they are made of; null: all. */
  taps: readonly EarlierTap[] | null;
  /** Bytes that the engine holds of an image for it, while the image is drawn. */
  bytes(shape: EarlierPixelsShape): number;
}
