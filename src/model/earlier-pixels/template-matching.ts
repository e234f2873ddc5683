import { templateFeatures, TEMPLATES } from '../../backend/kernels/index.js';
import type { EarlierPixels, EarlierTap } from './earlier-pixels.js';

/** The pixels of a template. */
function templateTaps(margin: number): EarlierTap[] {
  const taps = [];
  for (let dy = -margin; dy <= 0; dy++)
    for (let dx = -margin; dx <= (dy < 0 ? margin : -1); dx++) taps.push({ dy, dx });
  return taps;
}

/** The surroundings of each pixel are looked for in the references: see kernels/template-matching.ts. */
export const templateMatching: EarlierPixels = {
  type: 'templateMatching',
  features: templateFeatures,
  taps: templateTaps(TEMPLATES.margin),
  /** Differences of the rows that a template reaches, and the references with what lies around them. */
  bytes({ width, height, channels, references }) {
    const { reach, margin } = TEMPLATES;
    const differences = (margin + 1) * width * (2 * reach + 1) ** 2;
    const padded = (height + 2 * reach) * (width + 2 * reach) * channels;
    return Int16Array.BYTES_PER_ELEMENT * references * (differences + padded);
  },
};
