import type { EarlierMethod, EarlierPixelsShape } from '../../backend/kernels/index.js';

/** Offset to a pixel that comes earlier in raster order: `dy` rows down, 0 or less, and `dx` columns to the right. */
export interface EarlierTap {
  dy: number;
  dx: number;
}

/**
 * Earlier-pixels method: predicts each pixel from the pixels before it in raster order, as features that a network
 * reads. The kernel of the same name defines the features.
 */
export interface EarlierPixels {
  type: EarlierMethod;
  /** Returns the number of features of each pixel. */
  features(shape: EarlierPixelsShape): number;
  /** Offsets of the earlier pixels that the features depend on; null: all earlier pixels. */
  taps: readonly EarlierTap[] | null;
  /** Returns the size, in bytes, of the state that the engine keeps for each image while the image is drawn. */
  bytes(shape: EarlierPixelsShape): number;
}
