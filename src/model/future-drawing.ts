import { z } from 'zod';
import { learnsAnchor } from '../conditioning/index.js';
import type { ModelDescription } from './description.js';
import { headOf } from './heads/index.js';
import { LEAST_TEMPERATURE, MOST_TEMPERATURE } from './heads/logistic-mixture.js';

/** How a model's futures are drawn: a model's file may say it, and a training's configuration. */
export const futureDrawingSchema = z.strictObject({
  /** Of the first drawn frame: see `DrawSettings`. */
  temperature: z.number().min(LEAST_TEMPERATURE).max(MOST_TEMPERATURE),
  /** What the temperature rises by from each drawn frame to the next, as far as `WARMEST`; 0: it stays. */
  warming: z.number().min(0).max(1),
  /**
   * Share of what a drawn frame has beyond the expected one that later frames are predicted from; 1: of drawn frames as
   * they are. Below 1 frames are drawn about what is expected at several strides (see StridedPast), known motion goes
   * on, and nothing is made of earlier pixels; within a frame, too, only a share of a draw is read by those after it
   * (see `settingsAhead`).
   */
  carry: z.number().min(0).max(1),
});

/** How the futures of a model are drawn, one predicted frame after another. */
export type FutureDrawing = z.infer<typeof futureDrawingSchema>;

/** As clips are scored. */
const AS_SCORED: FutureDrawing = { temperature: 1, warming: 0, carry: 1 };

/**
 * Of a mixture about the expected frame: less spread holds the errors of drawn frames at first, and little that is
 * carried on after. Chosen on sixteen clips that taught nothing (docs/decisions/0013-how-futures-are-drawn.md).
 */
const ABOUT_EXPECTED: FutureDrawing = { temperature: 0.95, warming: 0.035, carry: 0.25 };

/** How the futures of a model are drawn whose file does not say it. */
export function usualDrawing(description: ModelDescription): FutureDrawing {
  const isMixed = description.scales.every(({ head }) => headOf(head).mixture !== undefined);
  return isMixed && expectsFrame({ description }) ? ABOUT_EXPECTED : AS_SCORED;
}

/** Whether a model has an expected frame: at every scale an anchor that is learned. */
export function expectsFrame({ description }: { description: ModelDescription }): boolean {
  return description.scales.every(({ conditioning }) => learnsAnchor(conditioning));
}
