import type { EarlierMethod, EarlierPixelsShape } from '../../backend/kernels/index.js';

/**
 * Earlier-pixels method: predicts each pixel from the pixels before it in raster order, as features that a network
 * reads. The kernel of the same name defines the features.
 */
export interface EarlierPixels {
  type: EarlierMethod;
  /** Returns the number of features of each pixel. */
  features(shape: EarlierPixelsShape): number;
  /** Returns the size, in bytes, of the state that the engine keeps for each image while the image is drawn. */
  bytes(shape: EarlierPixelsShape): number;
}
