import { templateFeatures, TEMPLATES } from '../../backend/kernels/index.js';
import type { EarlierPixels } from './earlier-pixels.js';

/** Template matching: finds the surroundings of each pixel in the references. See kernels/template-matching.ts. */
export const templateMatching: EarlierPixels = {
  type: 'templateMatching',
  features: templateFeatures,
  /** Returns the bytes of the differences in the rows that a template reaches, and of the padded references. */
  bytes({ width, height, channels, references }) {
    const { reach, margin } = TEMPLATES;
    const differences = (margin + 1) * width * (2 * reach + 1) ** 2;
    const padded = (height + 2 * reach) * (width + 2 * reach) * channels;
    return Int16Array.BYTES_PER_ELEMENT * references * (differences + padded);
  },
};
