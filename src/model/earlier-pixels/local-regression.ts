import { localRegressionFeatures, REGRESSIONS, regressors } from '../../backend/kernels/index.js';
import type { EarlierPixels } from './earlier-pixels.js';

/** How the image differs from what is expected, regressed on what is known near each pixel: see kernels/local-regression.ts. */
export const localRegression: EarlierPixels = {
  type: 'localRegression',
  features: localRegressionFeatures,
  taps: null,
  /** Sums of moments for each pixel of a row, regressors and errors. */
  bytes(shape) {
    const { width, height, channels } = shape;
    const count = regressors(shape);
    const moments = (count * (count + 1)) / 2 + channels * (count + 1) + 1;
    return (
      Float64Array.BYTES_PER_ELEMENT * ((1 + 2 * REGRESSIONS) * width * moments + height * width * (count + channels))
    );
  },
};
