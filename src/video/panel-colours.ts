import type { Colour } from './canvas.js';

/** Background colour of panels, sheets and timelines. */
export const background: Colour = [28, 28, 32];

/** Colour of borders and labels of known frames. */
export const known: Colour = [225, 225, 225];

/**
 * Colour of borders and labels of predicted frames, of outlines of events, and of the line before the first predicted
 * frame.
 */
export const predicted: Colour = [255, 140, 0];
