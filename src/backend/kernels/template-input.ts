import { count, extent, integer, kernel, numbers, pictures, single } from './description.js';
import { found } from './template-matching.js';

const shape = numbers('TemplateInputShape', {
  ...{ batch: count, height: extent, width: extent, channels: integer(1, 3), references: extent },
  /** What a network reads of levels is multiplied by this. */
  gain: single,
});
/**
 * What a network reads of what `templateMatching` found: the pictures less the anchor, and the spread, times gain * fits, where
 * fits = (1 - K / (K + usual))^2; the costs as they are. So what was found beside surroundings that fit nowhere, as where something
 * was drawn wrong, counts for little. Of images of which nothing is `sought` (0) it reads what stands where nothing fits: 0, and 1 for
 * K / (K + usual). Each step is rounded to float32.
 */
export const templateInput = kernel({
  numbers: shape,
  inputs: { found, anchor: pictures, sought: { shape: ({ batch }) => [batch, 1, 1, 1], optional: true } },
  outputs: { out: found },
});

/** Gradient of `templateInput` with respect to the anchor, given what it gave and dOut. */
export const templateInputGradient = kernel({
  numbers: shape,
  inputs: { read: found, dOut: found },
  outputs: { dAnchor: pictures },
});
