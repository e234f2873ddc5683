import { templateFeatures, TEMPLATES } from '../../backend/kernels/index.js';
import type { EarlierPixels, EarlierTap } from './earlier-pixels.js';

/** Returns the offsets of a template's pixels. @param margin reach of the template, in pixels */
function templateTaps(margin: number): EarlierTap[] {
  const taps = [];
  for (let dy = -margin; dy <= 0; dy++)
    for (let dx = -margin; dx <= (dy < 0 ? margin : -1); dx++) taps.push({ dy, dx });
  return taps;
}

/** Template matching: finds the surroundings of each pixel in the references. See kernels/template-matching.ts. */
export const templateMatching: EarlierPixels = {
  type: 'templateMatching',
  features: templateFeatures,
  taps: templateTaps(TEMPLATES.margin),
  /** Returns the bytes of the differences in the rows that a template reaches, and of the padded references. */
  bytes({ width, height, channels, references }) {
    const { reach, margin } = TEMPLATES;
    const differences = (margin + 1) * width * (2 * reach + 1) ** 2;
    const padded = (height + 2 * reach) * (width + 2 * reach) * channels;
    return Int16Array.BYTES_PER_ELEMENT * references * (differences + padded);
  },
};
