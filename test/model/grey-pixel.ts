import type { PixelView } from '../../src/model/heads/index.js';

/** A pixel of one colour and one anchor, as a head reads it. */
export function greyPixel(outputs: Float32Array, outputsAt: number, anchor: number): PixelView {
  return { outputs, outputsAt, levels: [], levelsAt: 0, anchors: [anchor], anchorsAt: 0, anchorCount: 1 };
}
