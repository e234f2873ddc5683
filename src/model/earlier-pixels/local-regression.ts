import { localRegressionFeatures, REGRESSIONS, regressors } from '../../backend/kernels/index.js';
import type { EarlierPixels } from './earlier-pixels.js';

/** Local regression of the deviation from the expected frame on known pixels: see kernels/local-regression.ts. */
export const localRegression: EarlierPixels = {
  type: 'localRegression',
  features: localRegressionFeatures,
  /** Returns the bytes of the sums of moments for each pixel of a row, of regressors and of errors. */
  bytes(shape) {
    const { width, height, channels } = shape;
    const count = regressors(shape);
    const moments = (count * (count + 1)) / 2 + channels * (count + 1) + 1;
    return (
      Float64Array.BYTES_PER_ELEMENT * ((1 + 2 * REGRESSIONS) * width * moments + height * width * (count + channels))
    );
  },
};
