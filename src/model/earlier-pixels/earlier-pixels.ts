import type { EarlierMethod, EarlierPixelsShape } from '../../backend/kernels/index.js';

/** Offset to a pixel that comes earlier in raster order: `dy` rows down and `dx` columns to the right. */
export interface EarlierTap {
  dy: number;
  dx: number;
}

/** Method that makes features of the pixels before each pixel of an image, as the kernel of the same name defines. */
export interface EarlierPixels {
  type: EarlierMethod;
  /** Returns the number of features of each pixel. */
  features(shape: EarlierPixelsShape): number;
  /** Offsets of the pixels that the features are made of; null: all earlier pixels. */
  taps: readonly EarlierTap[] | null;
  /** Returns the bytes that the engine holds for one image while it is drawn. */
  bytes(shape: EarlierPixelsShape): number;
}
